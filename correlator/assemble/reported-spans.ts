import { contextKey, type SpanRecord } from '../spans/span-record.ts';
import { ownSideOf, sideId } from '../spans/side-ids.ts';
import { clientEndpointOf, serverEndpointOf } from '../spans/tuple.ts';

/** The reported spans of a trace: those that an application's own instrumentation made. */
export class ReportedSpans {
  /** In the order of start. */
  readonly all: readonly SpanRecord[];
  readonly #byKey = new Map<string, SpanRecord>();
  readonly #processes = new Map<SpanRecord, number>();

  /** @param spans in the order of start */
  constructor(spans: readonly SpanRecord[]) {
    this.all = spans.filter(({ role }) => role === 'application');
    for (const span of this.all) this.#byKey.set(span.key, span);
  }

  /** The span that a context in a header names. */
  get(context: string): SpanRecord | undefined {
    return this.#byKey.get(context);
  }

  /** The parent that a span states; undefined if it states none, or it is not here. */
  statedParentOf(span: SpanRecord): SpanRecord | undefined {
    const { headerTraceId, statedParentSpanId } = span;
    if (statedParentSpanId === '') return undefined;
    const parent = this.#byKey.get(contextKey(headerTraceId, statedParentSpanId));
    return parent === span ? undefined : parent;
  }

  /** The program that reported a span, as the id of its resource; 0 if it is not known. */
  processOf(span: SpanRecord): number {
    let process = this.#processes.get(span);
    if (process === undefined)
      this.#processes.set(span, (process = sideId(span, ownSideOf(span), 'processResourceId')));
    return process;
  }

  /** Whether one program reported both. */
  isSameProcess(left: SpanRecord, right: SpanRecord): boolean {
    const process = this.processOf(left);
    return process !== 0 && process === this.processOf(right);
  }
}

/** Address and port of the side that a reported span is of, as {@link serverEndpointOf} has them. */
export const ownEndpointOf = (span: SpanRecord): string =>
  ownSideOf(span) === 'client' ? clientEndpointOf(span.tuple) : serverEndpointOf(span.tuple);

/** The address of an endpoint; empty if it is not known. */
export function addressIn(endpoint: string): string {
  const address = endpoint.slice(0, -1);
  return /[^\0]/.test(address) ? address : '';
}
