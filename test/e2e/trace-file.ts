import { readFileSync } from 'node:fs';

/** A span as it is in a file of traces, as far as tests look at it. */
export interface SpanJson {
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly observation_point: string;
  readonly protocol: string;
  readonly reason: string;
  readonly confidence: number;
  readonly service_name: string;
}

/** A trace as it is in a file of traces. */
export interface TraceJson {
  readonly trace_id: string;
  readonly root_count: number;
  readonly spans: readonly SpanJson[];
}

/** Reads a file of traces. */
export function readTraceFile(path: string): readonly TraceJson[] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly traces: readonly TraceJson[] }).traces;
}

/** Is it one tree with one root, through all services of the demo down to a store? */
export function showsWholeDemo({ spans }: TraceJson): boolean {
  const ids = new Set(spans.map((span) => span.span_id));
  const roots = spans.filter((span) => span.parent_span_id === '');
  const services = new Set(spans.map((span) => span.service_name));
  return (
    roots.length === 1 &&
    ids.size === spans.length &&
    spans.every((span) => span.parent_span_id === '' || ids.has(span.parent_span_id)) &&
    ['gateway', 'orders', 'pricing'].every((name) => services.has(name)) &&
    spans.some((span) => span.observation_point === 's-p' && ['redis', 'mysql', 'postgresql'].includes(span.protocol))
  );
}
