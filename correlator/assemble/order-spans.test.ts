import { expect, test } from 'vitest';
import { aSpan } from '../../schemas/testing/a-span.ts';
import { byStart } from '../spans/span-record.ts';
import { recordOf } from '../testing/records.ts';
import { orderSpans } from './order-spans.ts';

test('the commands of a pipeline that were written in one call stay in its order', () => {
  const commands = ['MULTI', 'INCRBY', 'LPUSH', 'LTRIM', 'EXEC'];
  // Their ids are hashes, in no order; the sequence wraps within the call.
  const records = commands.map((requestType, index) =>
    recordOf(
      aSpan({
        spanId: (0xf - 3 * index).toString(16).repeat(16),
        requestType,
        requestEventId: 500,
        requestTcpSequence: (0xffff_ffe0 + 20 * index) % 0x1_0000_0000,
      }),
    ),
  );
  const { spans } = orderSpans(records.toSorted(byStart));
  expect(spans.map((span) => records.indexOf(span))).toEqual([0, 1, 2, 3, 4]);
});
