import { describe, expect, test } from 'vitest';
import { SpanIds } from './span-id.ts';

const agentId = 0x8f3a_21bc_d045;
const firstEventId = 1_760_000_000_000_000;

function bits(id: string): bigint {
  return BigInt(`0x${id}`);
}

function ones(value: bigint): number {
  return value.toString(2).replaceAll('0', '').length;
}

describe('span ids', () => {
  test('are 16 hex digits, the same for the same event, others for other agents, events and positions', () => {
    const ids = new SpanIds(agentId);
    expect(ids.of(firstEventId, 0)).toMatch(/^[0-9a-f]{16}$/);
    expect(new SpanIds(agentId).of(firstEventId, 0)).toBe(ids.of(firstEventId, 0));
    const others = [ids.of(firstEventId + 1, 0), ids.of(firstEventId, 1), new SpanIds(agentId + 1).of(firstEventId, 0)];
    expect(new Set([ids.of(firstEventId, 0), ...others]).size).toBe(4);
  });

  test('do not collide over a million events of two agents', () => {
    const seen = new Set<string>();
    for (const ids of [new SpanIds(1), new SpanIds(2 ** 40 + 1)]) {
      for (let event = 0; event < 500_000; event++) seen.add(ids.of(firstEventId + event, event % 3));
    }
    expect(seen.size).toBe(1_000_000);
  });

  test('changing one bit of the event id changes each bit of the span id about half of the time', () => {
    const ids = new SpanIds(agentId);
    const samples = 400;
    for (let bit = 0; bit < 53; bit++) {
      let changed = 0;
      for (let sample = 0; sample < samples; sample++) {
        const event = firstEventId + sample * 7919;
        const flipped = Number(BigInt(event) ^ (1n << BigInt(bit)));
        changed += ones(bits(ids.of(event, 0)) ^ bits(ids.of(flipped, 0)));
      }
      expect(changed / samples / 64, `bit ${bit}`).toBeGreaterThan(0.46);
      expect(changed / samples / 64, `bit ${bit}`).toBeLessThan(0.54);
    }
  });

  test('each of the 64 bits is set in about half of the ids', () => {
    const ids = new SpanIds(agentId);
    const set = new Array<number>(64).fill(0);
    const samples = 4000;
    for (let event = 0; event < samples; event++) {
      const id = bits(ids.of(firstEventId + event, 0));
      for (let bit = 0; bit < 64; bit++) if (((id >> BigInt(bit)) & 1n) === 1n) set[bit]!++;
    }
    for (const count of set) expect(Math.abs(count / samples - 0.5)).toBeLessThan(0.05);
  });
});
