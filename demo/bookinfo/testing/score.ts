import { readFileSync } from 'node:fs';
import { ownSide, roleAt } from '../../../schemas/observation-points.ts';
import { noParent, type ExpectedTree } from './expected-tree.ts';

/** A trace as a file of traces has it (`--json`), as far as it is compared. */
export interface TraceJson {
  readonly trace_id: string;
  readonly spans: readonly SpanJson[];
}

interface SpanJson {
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly observation_point: string;
  readonly interface_name: string;
  readonly process_name: string;
  readonly request_resource: string;
  readonly duration_ns: number;
  readonly reason: string;
  readonly client_names: Readonly<Record<string, string>>;
  readonly server_names: Readonly<Record<string, string>>;
}

/** Reads a file of traces. */
export function readBookinfoFile(path: string): readonly TraceJson[] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly traces: readonly TraceJson[] }).traces;
}

/** What came out of requests whose traces are known beforehand. */
export interface Score {
  /** Requests that are one trace, with every span under its right parent, and nothing else. */
  readonly complete: number;
  /** Edges to the right parent; the root counts as one. */
  readonly right: number;
  /** Edges to another parent than the right one. */
  readonly wrong: readonly string[];
  /** Spans that have no parent although they should. */
  readonly missingEdges: readonly string[];
  /** Observations that no span tells of. */
  readonly missingSpans: readonly string[];
  /** Spans that no observation expects, or a second one of the same. */
  readonly unexpectedSpans: readonly string[];
}

/** A span with where it was seen. */
interface Seen {
  readonly span: SpanJson;
  /** Number of the request, from the path of the call: no part of how traces are made. */
  readonly request: number;
  readonly observation: string;
  readonly traceId: string;
}

/** Compares traces with the tree that each of the requests 1 to `requests` should have. */
export function scoreBookinfo(
  traces: readonly TraceJson[],
  options: { readonly expected: ExpectedTree; readonly requests: number },
): Score {
  const { expected, requests } = options;
  const seen = traces.flatMap((trace) => trace.spans.flatMap((span) => seenOf(trace, span) ?? []));
  const bySpanId = new Map(seen.map((one) => [one.span.span_id, one]));
  const byRequest = new Map<number, Seen[]>();
  /** The only request of each trace; undefined when there are several in it. */
  const requestsOfTrace = new Map<string, number | undefined>();
  for (const one of seen) {
    const { request, traceId } = one;
    byRequest.set(request, [...(byRequest.get(request) ?? []), one]);
    const isFirst = !requestsOfTrace.has(traceId);
    requestsOfTrace.set(traceId, isFirst || requestsOfTrace.get(traceId) === request ? request : undefined);
  }
  const wrong: string[] = [];
  const missingEdges: string[] = [];
  const missingSpans: string[] = [];
  const unexpectedSpans: string[] = [];
  let [right, complete] = [0, 0];
  for (let request = 1; request <= requests; request++) {
    const all = byRequest.get(request) ?? [];
    const faults = wrong.length + missingEdges.length + missingSpans.length + unexpectedSpans.length;
    const found = new Set<string>();
    for (const { observation, span } of all) {
      const text = `${request}: ${observation}`;
      const parent = expected.get(observation);
      if (parent === undefined || found.has(observation)) {
        unexpectedSpans.push(text);
        continue;
      }
      found.add(observation);
      const actual = span.parent_span_id === '' ? undefined : bySpanId.get(span.parent_span_id);
      if (
        span.parent_span_id === '' ? parent === noParent : actual?.request === request && actual.observation === parent
      )
        right++;
      else if (span.parent_span_id === '') missingEdges.push(text);
      else
        wrong.push(
          `${text} under ${actual === undefined ? 'no span of Bookinfo' : `${actual.request}: ${actual.observation}`} (${span.reason})`,
        );
    }
    for (const observation of expected.keys())
      if (!found.has(observation)) missingSpans.push(`${request}: ${observation}`);
    const isOne =
      all.length > 0 &&
      all.every(({ traceId }) => requestsOfTrace.get(traceId) === request && traceId === all[0]!.traceId);
    if (isOne && faults === wrong.length + missingEdges.length + missingSpans.length + unexpectedSpans.length)
      complete++;
  }
  return { complete, right, wrong, missingEdges, missingSpans, unexpectedSpans };
}

/** In a sidecar runs HAProxy. */
const sidecarProcess = 'haproxy';

function seenOf(trace: TraceJson, span: SpanJson): Seen | undefined {
  const [, call, number] = /^\/(productpage|details|reviews|ratings)\/(\d+)/.exec(span.request_resource) ?? [];
  if (call === undefined) return undefined;
  const point = span.observation_point;
  const place = roleAt(point) === 'network' ? span.interface_name : processPlace(span);
  return { span, observation: `${call} ${place} ${point}`, request: Number(number), traceId: trace.trace_id };
}

function processPlace(span: SpanJson): string {
  const observationPoint = span.observation_point;
  const { workload = 'no pod' } = ownSide({ observationPoint, client: span.client_names, server: span.server_names });
  return `${workload}/${span.process_name === sidecarProcess ? 'sidecar' : 'service'}`;
}
