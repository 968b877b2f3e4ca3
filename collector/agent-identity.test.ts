import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oneAgent } from '../core/agents/testing/agent-keys.ts';
import { AgentIdentity } from './agent-identity.ts';
import { readBootFacts, sleptNs } from './boot-facts.ts';

const boot = { bootId: 'boot-1', bootTimeNs: 1_000n };
const nowMs = 1_763_800_000_000;

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'spanloom-identity-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** An identity that is there already: making one takes half a second. */
function writeIdentity(): void {
  const state = { version: 2, agentId: oneAgent.agentId, eventIdsBelow: 0, bootId: '', bootTimeNs: '0' };
  writeFileSync(join(directory, 'agent.json'), JSON.stringify({ ...state, ...oneAgent.store() }));
}

describe('the identity of an agent', () => {
  it('survives restarts', () => {
    const first = AgentIdentity.open(join(directory, 'new', 'folder'), boot, nowMs);
    expect(first.agentId).toBeGreaterThan(0);
    expect(first.agentId).toBeLessThan(2 ** 53);
    const second = AgentIdentity.open(join(directory, 'new', 'folder'), boot, nowMs);
    expect(second.agentId).toBe(first.agentId);
    expect(second.key.publicText).toBe(first.key.publicText);
    expect(second.formerAgentId).toBeUndefined();
    expect(statSync(join(directory, 'new', 'folder', 'agent.json')).mode & 0o777).toBe(0o600);
  });

  it('never gives an id twice: not when the process is killed, not when the clock is set back', () => {
    writeIdentity();
    const killed = AgentIdentity.open(directory, boot, nowMs);
    expect(killed.firstEventId).toBe(nowMs * 1_000);
    let lastEventId = killed.firstEventId;
    for (let block = 0; block < 100; block++) killed.noteEventId((lastEventId += 1_000_000));
    const next = AgentIdentity.open(directory, boot, nowMs - 86_400_000);
    expect(next.firstEventId).toBeGreaterThan(lastEventId);
    next.noteEventId(next.firstEventId + 10);
    next.close();
    expect(AgentIdentity.open(directory, boot, nowMs - 86_400_000).firstEventId).toBe(next.firstEventId + 11);
  });

  it('begins with the clock when that is ahead', () => {
    writeIdentity();
    AgentIdentity.open(directory, boot, nowMs).close();
    expect(AgentIdentity.open(directory, boot, nowMs + 5_000).firstEventId).toBe((nowMs + 5_000) * 1_000);
  });

  it('keeps the time of the boot within a boot, so that processes keep their start time', () => {
    writeIdentity();
    AgentIdentity.open(directory, boot, nowMs);
    expect(AgentIdentity.open(directory, { ...boot, bootTimeNs: 1_234n }, nowMs).bootTimeNs).toBe(1_000n);
    expect(AgentIdentity.open(directory, { bootId: 'boot-2', bootTimeNs: 1_234n }, nowMs).bootTimeNs).toBe(1_234n);
  });

  it('of an agent without a key becomes another, which goes on with the event ids and says once who it was', () => {
    const former = {
      version: 1,
      agentId: 0x1234,
      eventIdsBelow: nowMs * 1_000 + 77,
      bootId: 'boot-1',
      bootTimeNs: '5',
    };
    writeFileSync(join(directory, 'agent.json'), JSON.stringify(former));
    const renewed = AgentIdentity.open(directory, boot, nowMs);
    expect(renewed.formerAgentId).toBe(0x1234);
    expect(renewed.agentId).not.toBe(0x1234);
    expect(renewed.firstEventId).toBe(nowMs * 1_000 + 77);
    expect(renewed.bootTimeNs).toBe(5n);
    const again = AgentIdentity.open(directory, boot, nowMs);
    expect(again.agentId).toBe(renewed.agentId);
    expect(again.formerAgentId).toBeUndefined();
  });

  it('is not replaced when its file is damaged: that is said instead', () => {
    writeIdentity();
    AgentIdentity.open(directory, boot, nowMs);
    const path = join(directory, 'agent.json');
    for (const text of [
      '',
      '{',
      '{"version":2}',
      '['.repeat(20_000),
      ' '.repeat(10_000_000),
      readFileSync(path, 'utf8').replace(/"agentId": \d+/, '"agentId": 1.5'),
      // The id of another agent, and the key of another.
      readFileSync(path, 'utf8').replace(/"agentId": \d+/, '"agentId": 15'),
      readFileSync(path, 'utf8').replace(/"publicKey": "./, '"publicKey": "_'),
    ]) {
      writeFileSync(path, text);
      expect(() => AgentIdentity.open(directory, boot, nowMs)).toThrow(`${path} is not the identity of an agent`);
    }
  });
});

describe('boot facts', () => {
  it('are those of this machine', () => {
    const { bootId, bootTimeNs } = readBootFacts();
    expect(bootId).toMatch(/^[0-9a-f-]{36}$/);
    const started = Number(bootTimeNs) / 1e6;
    expect(started).toBeLessThan(Date.now());
  });

  it('know for how long the machine slept, and that it did not', () => {
    expect(sleptNs('100.25 50.00', 100_245_000_000n)).toBe(0n);
    expect(sleptNs('100.25 50.00', 40_250_000_000n)).toBe(60_000_000_000n);
  });
});
