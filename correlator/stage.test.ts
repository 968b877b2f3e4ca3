import { describe, expect, test } from 'vitest';
import { Correlator } from './stage.ts';
import { batchMessage, finalTraces, testConfig, tracesOf } from './testing/span-fixtures.ts';
import { eighteenSpans, simulate } from './testing/simulated-services.ts';

describe('live-like load', () => {
  test('one request of 18 spans', () => {
    const { spans, truth } = simulate(eighteenSpans, { seed: 1, requests: 1, everyUs: 1, isLearned: true });
    const correlator = new Correlator(testConfig);
    correlator.process(batchMessage(0, 100, spans), 0);
    const traces = finalTraces(tracesOf(correlator.drain()));
    console.log(correlator.diagnostics(), correlator.accounting());
    expect(traces.length).toBe(1);
    for (const span of traces[0]!.spans) {
      console.log(
        span.processName,
        span.observationPoint,
        span.reason,
        span.confidence,
        span.parentSpanId === truth.get(span.spanId),
      );
    }
  });
  test('64 in flight', () => {
    const { spans, truth } = simulate(eighteenSpans, {
      seed: 2,
      requests: 3000,
      everyUs: 50,
      isLearned: true,
      withWrongRule: false,
    });
    const correlator = new Correlator(testConfig);
    const out = [];
    for (let i = 0; i < spans.length; i += 300)
      out.push(...correlator.process(batchMessage(i, i / 30, spans.slice(i, i + 300)), 0));
    out.push(...correlator.drain());
    const traces = finalTraces(tracesOf(out));
    let right = 0,
      wrong = 0,
      unknown = 0;
    for (const trace of traces)
      for (const span of trace.spans) {
        const expected = truth.get(span.spanId);
        if (span.parentSpanId === expected) right++;
        else if (span.parentSpanId === '') unknown++;
        else wrong++;
      }
    console.log(traces.length, { right, wrong, unknown }, correlator.diagnostics(), correlator.accounting());
  });
});
