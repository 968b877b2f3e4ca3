/** Makes inputs of inputs: the mutations that byte fuzzers commonly use, from a seeded source of random numbers. */
import type { Random } from '../core/testing/random.ts';
import { maxInputBytes } from './target.ts';

/** Lengths and counts where code goes wrong; also as variable-length numbers. */
const edgeBytes: readonly Buffer[] = [
  ...[0, 1, 0x7f, 0x80, 0xff].map((byte) => Buffer.of(byte)),
  ...['ffff', '7fff', '8000', 'ffffffff', '7fffffff', '80000000', 'ffffffffffffffff', '0000000000000080'],
  // Avro longs: 10^9, 2^31, 2^53, the greatest and the least of 64 bits.
  ...['80a8d6b907', '8080808010', '8080808080808020', 'feffffffffffffffff01', 'ffffffffffffffffff01'],
].map((bytes) => (typeof bytes === 'string' ? Buffer.from(bytes, 'hex') : bytes));

type Mutation = (input: Buffer, random: Random, others: readonly Buffer[], words: readonly Buffer[]) => Buffer;

/** `input` with `piece` in place of `removed` bytes. */
function splice(input: Buffer, at: number, removed: number, piece: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, at), piece, input.subarray(at + removed)]);
}

function sliceOf(input: Buffer, random: Random): Buffer {
  const from = random.below(input.length + 1);
  return input.subarray(from, from + random.below(Math.min(64, input.length - from) + 1));
}

const mutations: readonly Mutation[] = [
  (input, random) => {
    if (input.length === 0) return input;
    const changed = Buffer.from(input);
    changed[random.below(input.length)]! ^= 1 << random.below(8);
    return changed;
  },
  (input, random) => splice(input, random.below(input.length + 1), 1, Buffer.of(random.below(256))),
  (input, random) => splice(input, random.below(input.length + 1), 0, Buffer.of(random.below(256))),
  (input, random) => splice(input, random.below(input.length + 1), 1 + random.below(32), Buffer.alloc(0)),
  (input, random) => {
    const edge = random.pick(edgeBytes);
    return splice(input, random.below(input.length + 1), random.below(2) * edge.length, edge);
  },
  (input, random) => splice(input, random.below(input.length + 1), 0, sliceOf(input, random)),
  (input, random, others) => splice(input, random.below(input.length + 1), 0, sliceOf(random.pick(others), random)),
  (input, random, others) => {
    const other = random.pick(others);
    return Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]);
  },
  (input, random) => input.subarray(0, random.below(input.length + 1)),
  (input, random, _others, words) =>
    words.length === 0 ? input : splice(input, random.below(input.length + 1), 0, random.pick(words)),
  (input, random) => {
    const piece = sliceOf(input, random);
    return splice(input, random.below(input.length + 1), 0, Buffer.concat(Array(1 + random.below(40)).fill(piece)));
  },
];

/** One input made of one of `inputs`, by one to five mutations. */
export function mutated(inputs: readonly Buffer[], random: Random, words: readonly Buffer[]): Buffer {
  let input = random.pick(inputs);
  for (let left = 1 + random.below(5); left > 0; left--) input = random.pick(mutations)(input, random, inputs, words);
  return input.subarray(0, maxInputBytes);
}
