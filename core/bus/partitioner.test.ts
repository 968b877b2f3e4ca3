import { expect, test } from 'vitest';
import { murmur2, partitionOf } from './partitioner.ts';

test('hashes are those of the Kafka client in Java', () => {
  // Values of UtilsTest.testMurmur2 in the Kafka sources.
  const cases: readonly (readonly [string, number])[] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [text, hash] of cases) expect(murmur2(Buffer.from(text))).toBe(hash);
});

test('a partition is always one of those there are', () => {
  const seen = new Set<number>();
  for (let key = 0; key < 1000; key++) seen.add(partitionOf(String(key), 7));
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
