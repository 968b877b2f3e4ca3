import { addToList } from '../../core/collections/add-to-list.ts';
import { decodedSpan } from '../spans/decoded-span.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { serverEndpointOf } from '../spans/tuple.ts';
import { addressIn } from './reported-spans.ts';
import type { ReportedRequest } from './reported-request.ts';

/** Rounds of exclusion; each leaves fewer choices. */
const maxRounds = 64;

const portOf = (endpoint: string): number => endpoint.charCodeAt(endpoint.length - 1);

/** Whether a client's span and a call are of one protocol, and nothing says that they went to different places. */
function isAlike(span: SpanRecord, call: SpanRecord): boolean {
  if (span.protocol !== call.protocol) return false;
  const [said, seen] = [serverEndpointOf(span.tuple), serverEndpointOf(call.tuple)];
  const [port, address] = [portOf(said), addressIn(said)];
  return (port === 0 || port === portOf(seen)) && (address === '' || address === addressIn(seen));
}

const doOverlap = (left: SpanRecord, right: SpanRecord): boolean =>
  left.startNs < right.endNs && right.startNs < left.endNs;

/** The clients' spans of one request, each of which made one call at a time. */
export class ClientSpans {
  readonly #request: ReportedRequest;
  readonly #spans: readonly SpanRecord[];

  constructor(request: ReportedRequest) {
    this.#request = request;
    this.#spans = request.spans.filter(
      (span) => span.seenPoint === 'c-app' && span.protocol !== 'unknown' && !request.hasNamedCall(span),
    );
  }

  get count(): number {
    return this.#spans.length;
  }

  /** The client's span of each call for which there is exactly one. */
  match(calls: readonly SpanRecord[]): ReadonlyMap<SpanRecord, SpanRecord> {
    const choices = new Map<SpanRecord, readonly SpanRecord[]>();
    for (const call of calls) {
      const around = this.#spans.filter((span) => isAlike(span, call) && this.#request.contains(span, call));
      if (around.length > 0) choices.set(call, innermostOf(sayingTheSame(around, call)));
    }
    for (let round = 0; round < maxRounds && exclude(choices); round++);
    const matches = new Map<SpanRecord, SpanRecord>();
    const certain = callsBySpan(choices);
    for (const [span, made] of certain)
      for (const call of made) {
        const isAlone = !made.some((other) => other !== call && doOverlap(call, other));
        if (isAlone && (isCertainly(span, call) || !this.#isBeside(span, call, certain))) matches.set(call, span);
      }
    return matches;
  }

  /** Whether something else of the request contains a call, too: it may have made it, if the call of the span was lost. */
  #isBeside(span: SpanRecord, call: SpanRecord, certain: ReadonlyMap<SpanRecord, readonly SpanRecord[]>): boolean {
    const above = new Set<SpanRecord>();
    for (let one: SpanRecord | undefined = span; one !== undefined && !above.has(one); one = one.edge?.parent)
      above.add(one);
    return this.#request.spans.some(
      (other) =>
        !above.has(other) &&
        other.edge?.parent !== span &&
        this.#request.contains(other, call) &&
        certain.get(other)?.some((made) => doOverlap(made, call)) !== true,
    );
  }
}

/** Part of a client's span that its call takes, if it is not one of several. */
const usualPart = 0.8;

/** Whether a client's span says the statement of a call, and is hardly longer: others may send the same statement meanwhile. */
function isCertainly(span: SpanRecord, call: SpanRecord): boolean {
  if (call.durationNs < usualPart * span.durationNs) return false;
  const said = decodedSpan(span).requestResource;
  const { requestResource, endpoint } = decodedSpan(call);
  return said !== '' && (said === requestResource || said === endpoint);
}

/** Of several spans those with the call's statement, else those with its command, else all. */
function sayingTheSame(spans: readonly SpanRecord[], call: SpanRecord): readonly SpanRecord[] {
  if (spans.length === 1) return spans;
  const { requestType, requestResource, endpoint } = decodedSpan(call);
  const said = spans.map((span) => ({ span, ...decodedSpan(span) }));
  for (const isSame of [
    (one: (typeof said)[number]) => one.requestResource !== '' && one.requestResource === requestResource,
    (one: (typeof said)[number]) => one.requestResource !== '' && one.requestResource === endpoint,
    (one: (typeof said)[number]) =>
      one.requestType !== '' && one.requestType.toUpperCase() === requestType.toUpperCase(),
  ]) {
    const same = said.filter(isSame);
    if (same.length > 0) return same.map(({ span }) => span);
  }
  return spans;
}

/** Without those that contain another of them. */
function innermostOf(spans: readonly SpanRecord[]): readonly SpanRecord[] {
  const parents = new Set<SpanRecord | undefined>();
  for (const { edge } of spans) parents.add(edge?.parent);
  return spans.filter((span) => !parents.has(span));
}

/** The calls that can be of one span only, by that span. */
function callsBySpan(choices: ReadonlyMap<SpanRecord, readonly SpanRecord[]>): Map<SpanRecord, SpanRecord[]> {
  const bySpan = new Map<SpanRecord, SpanRecord[]>();
  for (const [call, [span, ...others]] of choices) {
    if (span === undefined || others.length > 0) continue;
    addToList(bySpan, span, call);
  }
  return bySpan;
}

/** A span that made a call for certain made no other at the same time. @returns whether that leaves fewer choices */
function exclude(choices: Map<SpanRecord, readonly SpanRecord[]>): boolean {
  const certain = callsBySpan(choices);
  const fewer: (readonly [SpanRecord, readonly SpanRecord[]])[] = [];
  for (const [call, spans] of choices) {
    if (spans.length < 2) continue;
    const left = spans.filter((span) => certain.get(span)?.some((other) => doOverlap(other, call)) !== true);
    if (left.length < spans.length) fewer.push([call, left]);
  }
  for (const [call, left] of fewer) choices.set(call, left);
  return fewer.length > 0;
}
