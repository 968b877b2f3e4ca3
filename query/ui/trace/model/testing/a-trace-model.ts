import { SpanCollector } from '../span-columns.ts';
import type { SpanJson } from '../span-json.ts';
import { outlineOf } from './outline-of.ts';
import { traceModel, type TraceModel } from '../trace-model.ts';

/** A span in a test: its id, its parent, when it ran in milliseconds; what is not said is as of a server without clients. */
export type TestSpan = Partial<SpanJson> & {
  readonly id: string;
  readonly parent?: string;
  readonly ms: readonly [number, number];
};

/** The beginning of time in these tests, in Unix nanoseconds. */
export const beginNs = 1_760_000_000_000_000_000n;

/** A span as the API gives it. */
export function testSpan({ id, parent = '', ms: [from, to], ...fields }: TestSpan): Partial<SpanJson> {
  return {
    span_id: id,
    parent_span_id: parent,
    start_time_ns: String(beginNs + BigInt(Math.round(from * 1e6))),
    duration_ns: Math.round((to - from) * 1e6),
    observation_point: 's-p',
    reason: parent === '' ? 'root' : 'context',
    confidence: parent === '' ? 0 : 1,
    agent_id: 1,
    status: 'ok',
    protocol: 'http1',
    service_name: 'shop',
    server_service_name: 'shop',
    likely_parents: [],
    causes: [],
    ...fields,
  };
}

/** The model of a trace of these spans. */
export function aTraceModel(...spans: readonly TestSpan[]): TraceModel {
  return modelOf(spans);
}

/** The same of as many spans as no call takes arguments. */
export function modelOf(spans: Iterable<TestSpan>): TraceModel {
  const collector = new SpanCollector();
  collector.add(outlineOf(Array.from(spans, testSpan)));
  const id = 'a'.repeat(32);
  return traceModel(
    { trace_id: id, stored_trace_id: id, also_carried_by: [], revision: 1, left_out: 0 },
    collector.columns(),
  );
}
