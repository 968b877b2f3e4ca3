import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ResourceIdClaim } from '../../schemas/generated/resource-id-claim.ts';
import { IdBlocks } from './id-blocks.ts';

test('ids follow all claims before, the first is 1', () => {
  const ids = new IdBlocks();
  ids.learn({ claim: 'other', kind: 'pod', count: 10 });
  expect(ids.take('pod')).toBeUndefined();
  const claim = ids.claim('pod', 2)!;
  expect(claim.count).toBeGreaterThanOrEqual(2);
  ids.learn({ claim: 'another', kind: 'node', count: 5 });
  ids.learn(claim);
  expect([ids.take('pod'), ids.take('pod')]).toEqual([11, 12]);
  expect(ids.claim('pod', 1)).toBeUndefined();
});

test('a claim that is there twice counts once, and is the same as long as it was not read', () => {
  const [ids, other] = [new IdBlocks(), new IdBlocks()];
  const claim = ids.claim('pod', 1)!;
  expect(ids.claim('pod', 1)).toBe(claim);
  const foreign = other.claim('pod', 1)!;
  for (const each of [claim, claim, foreign]) {
    ids.learn(each);
    other.learn(each);
  }
  expect(ids.take('pod')).toBe(1);
  expect(other.take('pod')).toBe(claim.count + 1);
});

test('several publishers never have one id twice, whatever the order of claims', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 200 })), { maxLength: 30 }), (wants) => {
      const publishers = [new IdBlocks(), new IdBlocks(), new IdBlocks()];
      const log: ResourceIdClaim[] = [];
      const given: number[] = [];
      for (const [index, count] of wants) {
        const claim = publishers[index]!.claim('pod', count);
        if (claim !== undefined) log.push(claim);
        // Read from the beginning each time: what is known already changes nothing.
        for (const each of log) publishers[index]!.learn(each);
        for (let taken = 0; taken < count; taken++) given.push(publishers[index]!.take('pod')!);
      }
      expect(new Set(given).size).toBe(given.length);
      expect(given).not.toContain(undefined);
    }),
  );
});
