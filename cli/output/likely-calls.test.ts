import { describe, expect, it } from 'vitest';
import type { LikelyEdge } from '../../query/store/trace-store.ts';
import { likelyCallersOf, likelyCallsOf, withLikelyCall } from './likely-calls.ts';
import { withoutColor } from './style.ts';
import { renderWaterfall, type WaterfallSpan, type WaterfallTrace } from './waterfall.ts';

const startTimeNs = 1_700_000_000_000_000_000n;

function span(spanId: string, parentSpanId: string, offsetMs: number, durationMs: number): WaterfallSpan {
  return {
    ...{ spanId, parentSpanId, service: `service-${spanId}`, workload: '', pod: '', observationPoint: 's-p' },
    ...{ protocol: 'http1', endpoint: 'GET /orders', status: 'ok', responseCode: 200, isLikely: false },
    startTimeNs: startTimeNs + BigInt(offsetMs * 1e6),
    durationNs: durationMs * 1e6,
    reason: parentSpanId === '' ? 'root' : 'last_read',
    confidence: parentSpanId === '' ? 0 : 0.9999,
  };
}

function trace(...spans: readonly WaterfallSpan[]): WaterfallTrace {
  return { traceId: 'a'.repeat(32), startTimeNs, durationNs: 100e6, spans };
}

function edge(parentSpanId: string, spanId: string, confidence: number): LikelyEdge {
  return { parentTraceId: 'one', parentSpanId, traceId: 'other', spanId, reason: 'assignment', confidence };
}

describe('likely calls', () => {
  it('are those that are rather of this trace than of another, each once', () => {
    const edges = [edge('b', 'c', 0.8), edge('a', 'c', 0.6), edge('a', 'd', 0.3)];
    expect(likelyCallsOf('one', edges)).toEqual([edges[0]]);
    expect(likelyCallersOf('other', edges)).toEqual([edges[0], edges[1]]);
    expect(likelyCallersOf('one', edges)).toEqual([]);
  });

  it('stand with all that they led to under the span that likely made them, and say so', () => {
    const one = trace(span('a', '', 0, 100), span('b', 'a', 10, 80));
    const other = trace(span('c', '', 20, 40), span('d', 'c', 30, 20), span('elsewhere', '', 30, 20));
    const lines = renderWaterfall(withLikelyCall(one, edge('b', 'c', 0.82), other), {
      width: 140,
      paint: withoutColor,
    });
    expect(lines).toMatchInlineSnapshot(`
      [
        "Trace aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa · 100 ms · 2 spans · 2 likely · 4 services · 2023-11-14T22:13:20.000Z",
        "SERVICE          POINT  PROTOCOL  ENDPOINT     STATUS  DURATION  TIMELINE                                  REASON",
        "service-a        s-p    http1     GET /orders  ok 200    100 ms  ████████████████████████████████████████  root",
        "└ service-b      s-p    http1     GET /orders  ok 200   80.0 ms      ████████████████████████████████      last_read",
        "  └ service-c    s-p    http1     GET /orders  ok 200   40.0 ms          ████████████████                  likely 82.0%",
        "    └ service-d  s-p    http1     GET /orders  ok 200   20.0 ms              ████████                      last_read",
      ]
    `);
  });

  it('that form a cycle end', () => {
    const other = trace(span('c', 'd', 20, 40), span('d', 'c', 30, 20));
    expect(withLikelyCall(trace(span('a', '', 0, 100)), edge('a', 'c', 0.9), other).spans).toHaveLength(3);
  });
});
