import { expect, test } from 'vitest';
import type { InputOffset } from '../input-offsets.ts';
import { lasting } from '../testing/scenario.ts';
import { hexId } from '../testing/span-messages.ts';
import { aSpan } from '../../schemas/testing/a-span.ts';
import { recordOf } from '../testing/records.ts';
import { ComponentSpans } from './component-spans.ts';
import { type LinkedRecord, noCause } from './linked-message.ts';

const origins: readonly InputOffset[] = [1, 2].map((offset) => ({
  source: 'linked/0',
  offset,
  acceptedMs: 0,
  spansInState: 1,
}));
const [server, call] = [
  aSpan({ spanId: hexId(1), observationPoint: 's-p', ...lasting(0, 10) }),
  aSpan({ spanId: hexId(2), ...lasting(1, 9), xRequestIdRequest: 'r' }),
];
const cause = { parentSpanId: server.spanId, reason: 'last_read', confidence: 0.5 } as const;
const likely = {
  spanId: server.spanId,
  startTimeNs: server.startTimeNs,
  reason: 'assignment',
  confidence: 0.7,
} as const;
const componentId = server.spanId;

function filled(): ComponentSpans {
  const spans = new ComponentSpans();
  const records: readonly LinkedRecord[] = [
    { componentId, span: recordOf(server, origins[0]), cause: noCause },
    { componentId, span: recordOf(call, origins[1]), cause },
  ];
  for (const record of records) {
    record.span.isEmitted = true;
    if (record.span.role === 'client') record.span.likelyParents = [likely];
    spans.set(record.span.spanId, record);
  }
  return spans;
}

test('spans that were packed come back with all that is known of them, and may be packed again', () => {
  const [packed, other] = [filled(), filled()];
  for (let round = 0; round < 2; round++) {
    packed.pack();
    expect([packed.size, packed.bytes, packed.unemitted]).toEqual([2, other.bytes, 0]);
    expect(packed.origins()).toEqual(origins);
    expect(packed.get(call.spanId)).toMatchObject({ componentId, cause, span: { xRequestIdRequest: 'r' } });
    const states = (spans: ComponentSpans): unknown[] =>
      [...spans.values()].map(({ span }) => [
        span.spanId,
        span.origin,
        span.isEmitted,
        span.tuple,
        span.startTimeNs,
        span.likelyParents,
      ]);
    expect(states(packed)).toEqual(states(other));
    expect(packed.get(call.spanId)?.span.likelyParents).toEqual([likely]);
  }
});
