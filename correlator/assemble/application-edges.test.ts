import { expect, test } from 'vitest';
import type { Span } from '../../schemas/generated/span.ts';
import { callOf, innerCall, lasting, Scenario } from '../testing/scenario.ts';
import { aSpan } from '../../schemas/testing/a-span.ts';

test('application spans lie between what the kernel saw of their process', () => {
  const scenario = new Scenario();
  const trace = { headerTraceId: 'd'.repeat(32) };
  const [call, server] = callOf(1, 0, 100, trace);
  const served = { ...server, headerSpanId: '00000000000000aa' };
  const app = (spanId: string, parentSpanId: string, observationPoint: string, fromMs: number, toMs: number): Span => ({
    ...aSpan({ spanId, observationPoint, signalSource: 'otel', processId: 0, ...lasting(fromMs, toMs), ...trace }),
    parentSpanId,
    transport: 'unknown',
  });
  const entry = app('00000000000000bb', '00000000000000aa', 's-app', 5, 95);
  const work = app('00000000000000cc', '00000000000000bb', 'app', 6, 90);
  const exit = app('00000000000000dd', '00000000000000cc', 'c-app', 9, 80);
  const inner = innerCall(901, 10, 20, { ...trace, headerSpanId: '00000000000000dd' });
  scenario.arrive(100, inner, exit, work, entry, served, call);
  scenario.drain();
  expect(scenario.traces[0]!.spans.map(({ spanId }) => spanId)).toEqual(
    [call, served, entry, work, exit, inner].map(({ spanId }) => spanId),
  );
  expect(scenario.traces).toMatchObject([{ rootCount: 1, carriedTraceId: 'd'.repeat(32) }]);
});
