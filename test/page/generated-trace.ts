import { aSide, aSpan } from '../../schemas/testing/a-span.ts';
import { spanToJson } from '../../schemas/trace-json.ts';

/** Where one call is seen, from the outside to the inside, and how much of its time is between each and the next. */
const places = ['c-p', 'c', 'c-nd', 's-nd', 's', 's-p'] as const;
const betweenShare = 0.02;
/** Calls that each request makes, one after the other. */
const fanOut = 3;
const beginNs = 1_760_000_000_000_000_000n;

interface Interval {
  readonly from: number;
  readonly to: number;
}

/** The JSON of a trace, in pieces: a request that makes calls, which make calls, each seen at six places. The same for the same count. */
export function* generatedTrace(traceId: string, spanCount: number, durationNs = 120_000_000_000): Generator<string> {
  const head = { trace_id: traceId, revision: spanCount, merged_into: '', carried_trace_id: '' };
  yield `${JSON.stringify({ ...head, stored_trace_id: traceId, also_carried_by: [] }).slice(0, -1)},"spans":[`;
  const served: Interval[] = [{ from: 0, to: durationNs }];
  const write = spanWriter();
  yield write({ id: spanId(0, 5), parent: '', place: 's-p', ...served[0]!, service: 0, caller: 0 });
  let count = 1;
  for (let call = 1; count < spanCount; call++) {
    const parent = Math.floor((call - 1) / fanOut);
    const outer = slotOf(served[parent]!, (call - 1) % fanOut);
    let text = '';
    for (let place = 0; place < places.length && count < spanCount; place++, count++) {
      const interval = insideOf(outer, place);
      const above = place === 0 ? spanId(parent, 5) : spanId(call, place - 1);
      if (place === 5) served[call] = interval;
      text += `,${write({ id: spanId(call, place), parent: above, place: places[place]!, ...interval, service: call % 12, caller: parent % 12 })}`;
    }
    served[call] ??= outer;
    yield text;
  }
  yield ']}';
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

interface Written extends Interval {
  readonly id: string;
  readonly parent: string;
  readonly place: string;
  readonly service: number;
  readonly caller: number;
}

/** Writes spans as the API does, from the text of one with all of its fields. */
function spanWriter(): (span: Written) => string {
  const side = (pod: string): Record<string, string> => ({
    namespace: 'shop',
    workload: pod,
    pod: `${pod}-7f9c`,
    node: 'node-1',
  });
  const span = aSpan({
    spanId: '@id@',
    parentSpanId: '@parent@',
    reason: 'context',
    confidence: 0.4242,
    observationPoint: '@place@',
    startTimeNs: 1n,
    durationNs: 987654321,
    endpoint: '/products/{id}',
    requestType: 'GET',
    requestResource: '/products/17',
    client: aSide({ hostId: 1, podId: 5 }),
    server: aSide({ hostId: 2, podId: 6 }),
  });
  const template = JSON.stringify({
    ...spanToJson(span),
    reason: '@reason@',
    start_time_ns: '@start@',
    service_name: 'service-@service@',
    client_service_name: 'service-@caller@',
    server_service_name: 'service-@service@',
    client_names: side('service-@caller@'),
    server_names: side('service-@service@'),
  })
    .replace('0.4242', '"@confidence@"')
    .replace('987654321', '"@duration@"');
  const parts = template
    .split(/"?@(confidence|duration)@"?|@(\w+)@/)
    .filter((part: string | undefined) => part !== undefined);
  return ({ id, parent, place, from, to, service, caller }) => {
    const reason = parent === '' ? 'root' : place === 'c-p' ? 'context' : 'tcp_sequence';
    const values: Readonly<Record<string, string>> = {
      id,
      parent,
      place,
      reason,
      confidence: parent === '' ? '0' : '1',
      start: String(beginNs + BigInt(Math.round(from))),
      duration: String(Math.round(to - from)),
      service: String(service),
      caller: String(caller),
    };
    return parts.map((part, at) => (at % 2 === 0 ? part : values[part]!)).join('');
  };
}
