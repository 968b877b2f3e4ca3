/**
 * Metrics of calls and spans by the names of Tempo's metrics generator, which Grafana's service graph and other tools read:
 * https://grafana.com/docs/tempo/latest/metrics-from-traces/. They are part of /metrics of the sink.
 */
import { Counter, type Metric, type Registry } from 'prom-client';
import { conventionsOf } from '../../protocols/conventions.ts';
import { spanName } from '../../opentelemetry/span-name.ts';
import { statusCodeOf } from '../../opentelemetry/span-status.ts';
import { type ResourceKind, resourceKindSymbols } from '../../schemas/generated/resource.ts';
import type { Protocol, Span } from '../../schemas/generated/span.ts';
import type { PointKind } from '../../schemas/observation-points.ts';
import { CountedSeries, type Labels } from './counted-series.ts';
import { bucketBoundsS, type CallGroup } from './minute-calls.ts';

/** Buckets, the sum and the count of a histogram, as counters one behind the other. */
const histogramWidth = bucketBoundsS.length + 2;
/** Prometheus also has the bucket of all. */
const histogramSeries = histogramWidth + 1;

/** Where the counters of an edge are. */
const edgeCounters = { total: 0, failed: 1, server: 2, client: 2 + histogramWidth };
const edgeWidth = 2 + 2 * histogramWidth;
const edgeSeries = 2 + 2 * histogramSeries;
/** Those of spans: the counter has the count of the histogram. */
const spanWidth = histogramWidth;
const spanSeries = 1 + histogramSeries;

const edgeLabels = ['client', 'server', 'connection_type'] as const;
const spanLabels = ['service', 'span_name', 'span_kind', 'status_code'] as const;

const other = 'other';
/** As Tempo calls a caller of which nothing is known. */
const unknownClient = 'user';
const unknownServer = 'unknown';
const unknownService = 'unknown_service';
/** What is outside of what is observed. */
const outsideKinds: ReadonlySet<ResourceKind> = new Set(['unknown', 'internet', 'address']);
const kinds: Readonly<Record<string, PointKind>> = { c: 'client', s: 'server' };

/** What could not be told by the labels that it should have. */
interface CallMetricsLosses {
  /** Calls beyond the bound of series. */
  readonly overflow: Counter<'metric'>;
  /** Calls that were stored after their minute was counted. */
  readonly late: Counter;
}

/** Counters of the calls of minutes. */
export class CallMetrics {
  readonly #edges: CountedSeries;
  readonly #spans: CountedSeries;
  readonly #losses: CallMetricsLosses;

  /** @param maxSeries of Prometheus, of which edges get one half and spans the other */
  constructor(registry: Registry, maxSeries: number) {
    this.#edges = new CountedSeries(Math.floor(maxSeries / 2 / edgeSeries), edgeWidth);
    this.#spans = new CountedSeries(Math.floor(maxSeries / 2 / spanSeries), spanWidth);
    this.#losses = registerLosses(registry);
    registerEdges(registry, this.#edges);
    registerSpans(registry, this.#spans);
  }

  /** Adds a minute up. @returns how many calls and spans had no place among the series */
  count(groups: readonly CallGroup[], nowMs: number): number {
    let overflow = 0;
    for (const group of groups) {
      overflow += this.#countCall(group, nowMs);
      overflow += this.#countSpan(group, nowMs);
    }
    return overflow;
  }

  /** So many calls came after their minute had been counted. */
  late(calls: number): void {
    this.#losses.late.inc(calls);
  }

  #countCall(group: CallGroup, nowMs: number): number {
    const amounts = callAmounts(group);
    if (amounts === undefined) return 0;
    if (group.is_other === 0 && this.#edges.add(edgeOf(group), amounts, nowMs)) return 0;
    this.#edges.addOther({ client: other, server: other, connection_type: '' }, amounts, nowMs);
    const calls = amounts[edgeCounters.total]!;
    this.#losses.overflow.inc({ metric: 'service_graph' }, calls);
    return calls;
  }

  #countSpan(group: CallGroup, nowMs: number): number {
    const kind = kinds[group.side] ?? 'internal';
    const ofKind = {
      span_kind: `SPAN_KIND_${kind.toUpperCase()}`,
      status_code: `STATUS_CODE_${statusCodeOf({ status: group.status as Span['status'] }, kind).toUpperCase()}`,
    };
    const amounts = histogramOf(group);
    const service = group.service_name || group.process_name || unknownService;
    if (group.is_other === 0 && this.#spans.add({ service, span_name: nameOf(group), ...ofKind }, amounts, nowMs))
      return 0;
    this.#spans.addOther({ service: other, span_name: other, ...ofKind }, amounts, nowMs);
    this.#losses.overflow.inc({ metric: 'spanmetrics' }, group.spans);
    return group.spans;
  }
}

const histogramOf = ({ at_most: atMost, duration_sum_s: sum, spans }: CallGroup): readonly number[] => [
  ...atMost,
  sum,
  spans,
];

/** What spans add to their edge: a call once, its duration as seen from each side. */
function callAmounts(group: CallGroup): readonly number[] | undefined {
  const isCall = group.is_call === 1;
  const isClient = group.side === 'c' && group.is_process === 1;
  if (!isCall && !isClient) return undefined;
  const isFailed = group.status !== 'ok' && group.status !== 'unknown';
  const histogram = histogramOf(group);
  const nothing = new Array<number>(histogramWidth).fill(0);
  return [
    isCall ? group.spans : 0,
    isCall && isFailed ? group.spans : 0,
    ...(isCall ? histogram : nothing),
    ...(isClient ? histogram : nothing),
  ];
}

function edgeOf(group: CallGroup): Labels {
  const client = group.client_name || unknownClient;
  const server = group.server_name || group.server_address || unknownServer;
  const isOutside = (type: number): boolean => outsideKinds.has(resourceKindSymbols[type] ?? 'unknown');
  const isVirtual = isOutside(group.client_type) || isOutside(group.server_type);
  const isDatabase = conventionsOf(group.protocol)?.group === 'database';
  return { client, server, connection_type: isDatabase ? 'database' : isVirtual ? 'virtual_node' : '' };
}

const nameOf = (group: CallGroup): string =>
  spanName({
    protocol: group.protocol as Protocol,
    requestType: group.request_type,
    requestDomain: group.request_domain,
    endpoint: group.endpoint,
  });

function registerLosses(registry: Registry): CallMetricsLosses {
  const registers = [registry];
  return {
    overflow: new Counter({
      name: 'spanloom_sink_metrics_overflow_total',
      help: 'Calls (service_graph) and spans (spanmetrics) that count under the labels `other`, because SPANLOOM_SINK_METRICS_SERIES has no place for theirs.',
      labelNames: ['metric'],
      registers,
    }),
    late: new Counter({
      name: 'spanloom_sink_metrics_late_total',
      help: 'Calls that are missing in traces_service_graph_… and traces_spanmetrics_…: they were stored after their minute had been counted.',
      registers,
    }),
  };
}

/** A value as prom-client writes it. */
interface SeriesValue {
  readonly metricName: string;
  readonly labels: Labels;
  readonly value: number;
}

interface SeriesMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'histogram';
  readonly labelNames: readonly string[];
  readonly values: () => SeriesValue[];
}

/** Registers a metric whose values come from elsewhere; prom-client's own can only be raised. */
function register(registry: Registry, { values, ...metric }: SeriesMetric): void {
  const registered = {
    ...metric,
    aggregator: 'sum',
    get: () => Promise.resolve({ ...metric, aggregator: 'sum', values: values() }),
    reset: () => undefined,
  };
  registry.registerMetric(registered as unknown as Metric);
}

type ReadSeries = ReturnType<CountedSeries['read']>;

/** Values of a counter that is at this place. */
const counterValues = (name: string, series: ReadSeries, at: number): SeriesValue[] =>
  series.map(({ labels, values }) => ({ metricName: name, labels, value: values[at]! }));

/** Values of a histogram that begins at this place. */
function histogramValues(name: string, series: ReadSeries, at: number): SeriesValue[] {
  return series.flatMap(({ labels, values }) => {
    const [sum, count] = [values[at + bucketBoundsS.length]!, values[at + bucketBoundsS.length + 1]!];
    return [
      ...bucketBoundsS.map((bound, bucket) => ({
        metricName: `${name}_bucket`,
        labels: { ...labels, le: String(bound) },
        value: values[at + bucket]!,
      })),
      { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  });
}

function registerEdges(registry: Registry, edges: CountedSeries): void {
  // The registry asks its metrics one behind the other: the first one reads for all, so that all say the same.
  let series: ReadSeries = [];
  const prefix = 'traces_service_graph_request';
  const labelNames = edgeLabels;
  register(registry, {
    name: `${prefix}_total`,
    help: 'Requests between two services. Each counts once, however many spans it shows as.',
    type: 'counter',
    labelNames,
    values() {
      series = edges.read();
      return counterValues(`${prefix}_total`, series, edgeCounters.total);
    },
  });
  register(registry, {
    name: `${prefix}_failed_total`,
    help: 'Requests between two services that failed: an error of the client or the server, a timeout, or a closed connection.',
    type: 'counter',
    labelNames,
    values: () => counterValues(`${prefix}_failed_total`, series, edgeCounters.failed),
  });
  register(registry, {
    name: `${prefix}_server_seconds`,
    help: 'Time of requests between two services, as seen nearest to the server.',
    type: 'histogram',
    labelNames,
    values: () => histogramValues(`${prefix}_server_seconds`, series, edgeCounters.server),
  });
  register(registry, {
    name: `${prefix}_client_seconds`,
    help: 'Time of requests between two services, as seen in the process of the client; of requests that were seen there.',
    type: 'histogram',
    labelNames,
    values: () => histogramValues(`${prefix}_client_seconds`, series, edgeCounters.client),
  });
}

function registerSpans(registry: Registry, spans: CountedSeries): void {
  let series: ReadSeries = [];
  const labelNames = spanLabels;
  register(registry, {
    name: 'traces_spanmetrics_calls_total',
    help: 'Spans by their service, name, kind and status, as the topic otlp_spans has them.',
    type: 'counter',
    labelNames,
    values() {
      series = spans.read();
      return counterValues('traces_spanmetrics_calls_total', series, bucketBoundsS.length + 1);
    },
  });
  register(registry, {
    name: 'traces_spanmetrics_latency',
    help: 'Durations of the same spans, in seconds.',
    type: 'histogram',
    labelNames,
    values: () => histogramValues('traces_spanmetrics_latency', series, 0),
  });
}
