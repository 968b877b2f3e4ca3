import { describe, expect, it } from 'vitest';
import type { ProcessMemory, SeenProcess } from '../../native/capture.ts';
import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import { FactGatherer } from './fact-gatherer.ts';
import { ProcessTable } from './process-table.ts';
import { ResourceIds } from './resource-ids.ts';

const memory: ProcessMemory = { commandLine: Buffer.from('node\0/srv/shop.mjs\0'), environment: Buffer.alloc(0) };
const seen = (processId: number, name = 'node'): SeenProcess => ({ processId, startBoottimeNs: 5e9, name });

/** A gatherer by an artificial clock; every process runs Node. */
function gathererWith(readMemory: (processId: number) => Promise<ProcessMemory | undefined>) {
  const clock = { nowMs: 0, wake: (): void => undefined };
  const facts: ProcessFacts[] = [];
  const table = new ProcessTable({
    ...{ agentId: 7, hostResourceId: 3, bootTimeNs: 0n, ids: new ResourceIds(), maxProcesses: 100_000 },
    readProcFiles: () => ({ startTicks: 500, name: 'node', executable: '/usr/bin/node', cgroup: '' }),
    readStartTicks: () => 500,
  });
  const gatherer = new FactGatherer({
    table,
    readMemory,
    onFacts: (more) => facts.push(more),
    now: () => clock.nowMs,
    sleep: () => new Promise((resolve) => (clock.wake = () => resolve(undefined))),
  });
  return { gatherer, facts, clock };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('facts of processes', () => {
  it('are there, with what is in its memory, before its events go', async () => {
    const { gatherer, facts } = gathererWith(() => Promise.resolve(memory));
    await gatherer.gather(seen(1));
    expect(facts.map(({ serviceName }) => serviceName)).toEqual(['shop']);
  });

  it('are what the kernel tells where the memory does not answer in time, and the rest follows', async () => {
    let answer: (memory: ProcessMemory) => void = () => undefined;
    const { gatherer, facts, clock } = gathererWith(() => new Promise((resolve) => (answer = resolve)));
    const waiting = gatherer.gather(seen(1));
    clock.wake();
    await waiting;
    expect(facts.map(({ serviceName }) => serviceName)).toEqual(['node']);
    answer(memory);
    await settled();
    expect(facts.map(({ serviceName }) => serviceName)).toEqual(['node', 'shop']);
  });

  it('are what the kernel tells where the memory cannot be read', async () => {
    const { gatherer, facts } = gathererWith(() => Promise.reject(new Error('no')));
    await gatherer.gather(seen(1));
    expect(facts.map(({ serviceName }) => serviceName)).toEqual(['node']);
  });

  it('of one that changes its name all the time are looked at every five seconds', async () => {
    let reads = 0;
    const { gatherer, facts, clock } = gathererWith(() => Promise.resolve((reads++, memory)));
    await gatherer.gather(seen(1));
    for (let index = 0; index < 100_000; index++) expect(gatherer.gather(seen(1, `name-${index}`))).toBeUndefined();
    gatherer.tick();
    expect(reads).toBe(1);
    clock.nowMs = 5_000;
    gatherer.tick();
    await settled();
    expect(reads).toBe(2);
    expect(facts.at(-1)?.name).toBe('name-99999');
    expect(gatherer.takeLeftOut()).toBe(0);
  });

  it('of a flood of processes are looked at 500 times a second, and what is left out is counted', async () => {
    let reads = 0;
    const { gatherer, facts, clock } = gathererWith(() => Promise.resolve((reads++, memory)));
    for (let processId = 1; processId <= 20_000; processId++) void gatherer.gather(seen(processId));
    await settled();
    expect(reads).toBe(4_096);
    expect(gatherer.takeLeftOut()).toBe(20_000 - 4_096 - 8_192);
    clock.nowMs = 2_000;
    gatherer.tick();
    await settled();
    expect(facts).toHaveLength(5_096);
    expect(gatherer.takeLeftOut()).toBe(0);
  });
});
