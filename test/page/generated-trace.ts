import { outlineText } from '../../query/api/outline-text.ts';
import { emptyOutlinePage } from '../../query/api/empty-outline-page.ts';
import { columnsOf, outlineNumberNames, outlineTextNames } from '../../query/api/trace-outline-columns.ts';
import type { OutlinePageJson } from '../../query/api/trace-outline-json.ts';
import { aSide, aSpan } from '../../schemas/testing/a-span.ts';
import { type JsonObject, spanToJson } from '../../schemas/trace-json.ts';

/** Where one call is seen, from the outside to the inside, and how much of its time is between each and the next. */
const places = ['c-p', 'c', 'c-nd', 's-nd', 's', 's-p'] as const;
const betweenShare = 0.02;
/** Calls that each request makes, one after the other. */
const fanOut = 3;
const beginNs = 1_760_000_000_000_000_000n;
const services = Array.from({ length: 12 }, (_, number) => `service-${number}`);
/** Of a page; as in query/store/trace-outline.ts. */
const pageSpans = 25_000;

interface Interval {
  readonly from: number;
  readonly to: number;
}

/** One observation of a call, before it is a span. */
interface Observation extends Interval {
  readonly id: string;
  readonly parent: string;
  readonly place: number;
  readonly service: number;
  readonly caller: number;
}

/**
 * The outline of a trace as the API answers it: a request that makes calls, which make calls, each seen at six places. The same for
 * the same count.
 */
export async function* generatedOutline(
  traceId: string,
  spanCount: number,
  durationNs = 120_000_000_000,
): AsyncGenerator<string> {
  const head = { trace_id: traceId, stored_trace_id: traceId, also_carried_by: [], revision: spanCount };
  const pages = generatedPages(spanCount, durationNs);
  const next = (): Promise<IteratorResult<OutlinePageJson, { leftOut: number }>> => Promise.resolve(pages.next());
  yield* outlineText(head, await next(), next);
}

function* generatedPages(spanCount: number, durationNs: number): Generator<OutlinePageJson, { leftOut: number }> {
  const page: Observation[] = [];
  for (const observation of observations(spanCount, durationNs)) {
    page.push(observation);
    if (page.length === pageSpans) yield pageOf(page.splice(0));
  }
  if (page.length > 0) yield pageOf(page);
  return { leftOut: 0 };
}

function* observations(spanCount: number, durationNs: number): Generator<Observation> {
  const served: Interval[] = [{ from: 0, to: durationNs }];
  yield { id: spanId(0, 5), parent: '', place: 5, ...served[0]!, service: 0, caller: 0 };
  let count = 1;
  for (let call = 1; count < spanCount; call++) {
    const parent = Math.floor((call - 1) / fanOut);
    const outer = slotOf(served[parent]!, (call - 1) % fanOut);
    for (let place = 0; place < places.length && count < spanCount; place++, count++) {
      const interval = insideOf(outer, place);
      const above = place === 0 ? spanId(parent, 5) : spanId(call, place - 1);
      if (place === 5) served[call] = interval;
      yield { id: spanId(call, place), parent: above, place, ...interval, service: call % 12, caller: parent % 12 };
    }
    served[call] ??= outer;
  }
}

const spanId = (call: number, place: number): string => (call * 8 + place + 1).toString(16).padStart(16, '0');

function slotOf({ from, to }: Interval, slot: number): Interval {
  const length = (to - from) / fanOut;
  return { from: from + length * (slot + 0.1), to: from + length * (slot + 0.9) };
}

/** Between the two nodes, the third step, a call is ten times as long as elsewhere. */
function insideOf({ from, to }: Interval, place: number): Interval {
  const steps = place + (place > 2 ? 9 : 0);
  const share = (to - from) * betweenShare * steps;
  return { from: from + share, to: to - share };
}

function pageOf(spans: readonly Observation[]): OutlinePageJson {
  const column = (texts: readonly string[], numberOf: (span: Observation) => number): OutlinePageJson['endpoint'] => ({
    texts: [...texts],
    numbers: spans.map((span) => numberOf(span) + 1),
  });
  const same = (text: string): OutlinePageJson['endpoint'] => column([text], () => 0);
  return {
    ...emptyOutlinePage,
    ...columnsOf(outlineTextNames, same('')),
    ...columnsOf(outlineNumberNames, new Array<number>(spans.length).fill(0)),
    first_start_ns: String(beginNs),
    span_ids: spans.map(({ id }) => id).join(''),
    parent_span_ids: spans.map(({ parent }) => parent.padStart(16, '0')).join(''),
    start_offset_ns: spans.map(({ from }) => Math.round(from)),
    duration_ns: spans.map(({ from, to }) => Math.round(to - from)),
    confidence: spans.map(({ parent }) => (parent === '' ? 0 : 1)),
    response_code: spans.map(() => 200),
    agent_id: same('1'),
    observation_point: column(places, ({ place }) => place),
    service_name: column(services, ({ service }) => service),
    client_service_name: column(services, ({ caller }) => caller),
    server_service_name: column(services, ({ service }) => service),
    request_type: same('GET'),
    endpoint: same('/products/{id}'),
    protocol: same('http1'),
    status: same('ok'),
    reason: column(['root', 'context', 'tcp_sequence'], reasonNumber),
  };
}

const reasonNumber = ({ parent, place }: Observation): number => (parent === '' ? 0 : place === 0 ? 1 : 2);

/** One span of such a trace, as the API answers it. */
export function generatedSpan(
  spanId: string,
  spanCount: number,
  durationNs = 120_000_000_000,
): { readonly span: JsonObject; readonly client_resources: []; readonly server_resources: [] } | undefined {
  for (const { id, parent, place, from, to, service, caller } of observations(spanCount, durationNs)) {
    if (id !== spanId) continue;
    const side = (pod: string): Readonly<Record<string, string>> => ({
      namespace: 'shop',
      workload: pod,
      pod: `${pod}-7f9c`,
      node: 'node-1',
    });
    const span = aSpan({
      spanId,
      parentSpanId: parent,
      reason: (['root', 'context', 'tcp_sequence'] as const)[
        reasonNumber({ id, parent, place, from, to, service, caller })
      ]!,
      confidence: parent === '' ? 0 : 1,
      observationPoint: places[place]!,
      startTimeNs: beginNs + BigInt(Math.round(from)),
      durationNs: Math.round(to - from),
      endpoint: '/products/{id}',
      requestType: 'GET',
      requestResource: '/products/17',
      client: aSide({ hostId: 1, podId: 5 }),
      server: aSide({ hostId: 2, podId: 6 }),
    });
    const names = {
      serviceName: services[service]!,
      clientServiceName: services[caller]!,
      serverServiceName: services[service]!,
      clientNames: side(services[caller]!),
      serverNames: side(services[service]!),
    };
    return { span: spanToJson(span, names), client_resources: [], server_resources: [] };
  }
  return undefined;
}
