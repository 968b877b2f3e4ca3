import { readFileSync } from 'node:fs';
import { conventionsOf } from '../../protocols/conventions.ts';

/** A span as it is in a file of traces, as far as tests look at it. */
export interface SpanJson {
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly observation_point: string;
  readonly protocol: string;
  readonly reason: string;
  readonly confidence: number;
  readonly service_name: string;
  /** Names of what each side is tagged with, by kind. */
  readonly client_names: Readonly<Record<string, string>>;
  readonly server_names: Readonly<Record<string, string>>;
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
    spans.some((span) => span.observation_point === 's-p' && conventionsOf(span.protocol)?.group === 'database')
  );
}

/** Pods of the demo by the names of their workloads. */
const pods: Readonly<Record<string, string>> = {
  gateway: 'gateway-6c9d7b5f48-x2v4q',
  orders: 'orders-7f8b6d9c55-k8wnz',
  pricing: 'pricing-5b4c8f7d6-9qt2m',
  redis: 'redis-0',
  prices: 'prices-0',
};
const nodes: Readonly<Record<string, string>> = { redis: 'node-2', prices: 'node-2' };
const aboveAll = { cluster: 'demo', namespace: 'shop', region: 'demo-1', vpc: 'shop' };

/** Is the side on which each span was seen tagged with the pod of its service, and with all that is above it? */
export function showsItsPods({ spans }: TraceJson): boolean {
  return spans.every((span) => {
    const names = span.observation_point.startsWith('s') ? span.server_names : span.client_names;
    // Who asks the shop is no pod.
    if (span.service_name === 'load') return names['pod'] === undefined;
    const { workload } = names;
    if (workload === undefined) return false;
    const expected = { ...aboveAll, service: workload, pod: pods[workload], node: nodes[workload] ?? 'node-1' };
    return span.service_name === workload && Object.entries(expected).every(([kind, name]) => names[kind] === name);
  });
}

/** Workloads of the pods on which a trace was seen. */
export function workloadsOf({ spans }: TraceJson): ReadonlySet<string | undefined> {
  return new Set(
    spans.flatMap(({ client_names, server_names }) => [client_names['workload'], server_names['workload']]),
  );
}
