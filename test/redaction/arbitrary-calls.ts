/** Generators of what sockets carry, whole, mutated and cut anyhow: for the tests that redaction survives everything. */
import fc from 'fast-check';
import { examples } from '../../protocols/testing/examples.ts';

/** One call as the redactor sees it. */
export interface ArbitraryCall {
  readonly isEgress: boolean;
  readonly startsMessage: boolean;
  readonly bytes: Buffer;
  readonly length: number;
  /** Added to the sequence number that follows from the calls before: a hole, or bytes read twice. */
  readonly sequenceStep: number;
}

const message: fc.Arbitrary<string> = fc.oneof(
  ...examples.flatMap(({ messages }) => messages),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);

const part = fc.record({
  isEgress: fc.boolean(),
  text: fc.array(message, { minLength: 1, maxLength: 3 }).map((texts) => texts.join('')),
  cuts: fc.array(fc.nat(), { maxLength: 4 }),
  budget: fc.constantFrom(Infinity, Infinity, 512, 64, 20, 3, 0),
  mutations: fc.array(
    fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 3, 10, 13, 32, 36, 39, 42, 58, 92, 0xff), fc.nat(255))),
    {
      maxLength: 2,
    },
  ),
  sequenceStep: fc.constantFrom(0, 0, 0, 0, 5, 100_000, -7, -100_000),
});

/** Some calls of one socket. */
export const arbitraryCalls: fc.Arbitrary<ArbitraryCall[]> = fc
  .array(part, { minLength: 1, maxLength: 6 })
  .map((parts) =>
    parts.flatMap(({ isEgress, text, cuts, budget, mutations, sequenceStep }) => {
      const bytes = Buffer.from(text, 'latin1');
      for (const [place, value] of mutations) if (bytes.length > 0) bytes[place % bytes.length] = value;
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      return places.slice(1).map((end, index) => {
        const whole = bytes.subarray(places[index], end);
        const captured = Buffer.from(whole.subarray(0, Math.min(budget, whole.length)));
        const step = index === 0 ? sequenceStep : 0;
        return { isEgress, startsMessage: index === 0, bytes: captured, length: whole.length, sequenceStep: step };
      });
    }),
  );
