import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SpanRecord } from '../spans/span-record.ts';
import { recordOf } from '../testing/records.ts';
import { hexId } from '../testing/span-messages.ts';
import { aSpan } from '../../schemas/testing/a-span.ts';
import { breakCycles } from './break-cycles.ts';
import { orderSpans } from './order-spans.ts';

const records = (count: number): SpanRecord[] =>
  Array.from({ length: count }, (_, index) => recordOf(aSpan({ spanId: hexId(index + 1) })));

test('a circle loses its weakest edge and nothing else', () => {
  const [a, b, c, d] = records(4) as [SpanRecord, SpanRecord, SpanRecord, SpanRecord];
  a.edge = { parent: c, reason: 'tcp_sequence', confidence: 1 };
  b.edge = { parent: a, reason: 'time', confidence: 0.9 };
  c.edge = { parent: b, reason: 'agreement', confidence: 0.99 };
  d.edge = { parent: a, reason: 'time', confidence: 0.5 };
  expect(breakCycles([d, a, b, c])).toBe(1);
  expect([a, b, c, d].map(({ edge }) => edge?.parent)).toEqual([c, undefined, b, a]);
});

test('any edges become a forest that holds every span once', () => {
  const edges = fc.array(fc.tuple(fc.nat({ max: 20 }), fc.constantFrom(0.5, 0.9, 1)), { maxLength: 20 });
  fc.assert(
    fc.property(edges, (parents) => {
      const spans = records(parents.length);
      for (const [index, [parent, confidence]] of parents.entries())
        if (parent < spans.length) spans[index]!.edge = { parent: spans[parent]!, reason: 'time', confidence };
      breakCycles(spans);
      expect(new Set(orderSpans(spans).spans).size).toBe(spans.length);
    }),
  );
});
