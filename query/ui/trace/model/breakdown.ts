import { timeKinds } from './calls.ts';
import type { TraceModel } from './trace-model.ts';

/** Where time went: into an application, onto the network between two places of a call, or beyond what was seen. */
export interface TimePart {
  readonly kind: 'application' | 'network' | 'unseen';
  /** The application; of the network the client. */
  readonly from: string;
  /** Of the network and of what was not seen, the server. */
  readonly to: string;
  /** Observation points between which it was; empty for applications. */
  readonly points: string;
  readonly ns: number;
  /** A span of it, the one with most of this time. */
  readonly span: number;
}

/** The critical path by what was waited for, the longest first. */
export function pathParts(model: TraceModel): readonly TimePart[] {
  const parts = new Map<string, { part: Omit<TimePart, 'ns' | 'span'>; ns: number; span: number; most: number }>();
  const { span: spans, fromNs, toNs } = model.path;
  spans.forEach((span, piece) => {
    const key = keyOf(model, span);
    const ns = toNs[piece]! - fromNs[piece]!;
    const known = parts.get(key);
    if (known === undefined) parts.set(key, { part: partOf(model, span), ns, span, most: ns });
    else {
      known.ns += ns;
      if (ns > known.most) Object.assign(known, { span, most: ns });
    }
  });
  return [...parts.values()]
    .map(({ part, ns, span }) => ({ ...part, ns, span }))
    .sort((one, other) => other.ns - one.ns);
}

/** The same for spans of the same part; no text, as there may be many spans. */
function keyOf({ columns, times }: TraceModel, span: number): string {
  const { texts, server, client, point, service } = columns;
  const kind = times.kind[span]!;
  if (kind === timeKinds.application) return String(texts[service[span]!] === '' ? server[span] : service[span]);
  const next = times.next[span]!;
  return `${kind} ${client[span]} ${server[span]} ${point[span]} ${next === -1 ? -1 : point[next]}`;
}

function partOf({ columns, times }: TraceModel, span: number): Omit<TimePart, 'ns' | 'span'> {
  const { texts, server, client, point, service } = columns;
  const kind = times.kind[span]!;
  const from = texts[client[span]!]!;
  const to = texts[server[span]!]!;
  if (kind === timeKinds.application)
    return { kind: 'application', from: texts[service[span]!] || to, to: '', points: '' };
  if (kind === timeKinds.unseen) return { kind: 'unseen', from, to, points: texts[point[span]!]! };
  return { kind: 'network', from, to, points: `${texts[point[span]!]!} – ${texts[point[times.next[span]!]!]!}` };
}

/** What a service has to do with the trace. */
export interface ServiceTotals {
  readonly service: string;
  /** Calls that it served. */
  readonly calls: number;
  readonly errors: number;
  /** In the application itself. */
  readonly ownNs: number;
  /** On the network on the way to it and back. */
  readonly networkNs: number;
  /** Of calls to it that were only seen from outside: on the network or in it. */
  readonly unseenNs: number;
  /** Of all three, on the critical path. */
  readonly pathNs: number;
}

/** All services of a trace, those with most time first. */
export function serviceTotals(model: TraceModel): readonly ServiceTotals[] {
  const { columns, calls, times, ownNs, failed, path } = model;
  const totals = new Map<number, { -readonly [Name in keyof ServiceTotals]: ServiceTotals[Name] }>();
  const of = (span: number): { -readonly [Name in keyof ServiceTotals]: ServiceTotals[Name] } => {
    const number = times.kind[span] === timeKinds.application ? columns.service[span]! : columns.server[span]!;
    const service = columns.texts[number]!;
    let known = totals.get(number);
    if (known === undefined)
      totals.set(number, (known = { service, calls: 0, errors: 0, ownNs: 0, networkNs: 0, unseenNs: 0, pathNs: 0 }));
    return known;
  };
  const failedCalls = new Uint8Array(columns.count);
  for (let span = 0; span < columns.count; span++) if (failed[span] === 1) failedCalls[calls.head[span]!] = 1;
  for (let span = 0; span < columns.count; span++) {
    const total = of(span);
    total[fieldOfKind[times.kind[span]!]!] += ownNs[span]!;
    if (calls.head[span] !== span) continue;
    const called = of(calls.hops.items[calls.hops.offsets[span + 1]! - 1]!);
    called.calls++;
    called.errors += failedCalls[span]!;
  }
  path.span.forEach((span, piece) => (of(span).pathNs += path.toNs[piece]! - path.fromNs[piece]!));
  const sum = ({ ownNs: own, networkNs, unseenNs }: ServiceTotals): number => own + networkNs + unseenNs;
  return [...totals.values()].sort((one, other) => sum(other) - sum(one));
}

const fieldOfKind = ['ownNs', 'networkNs', 'unseenNs'] as const;
