import type { SpanRecord } from '../spans/span-record.ts';
import type { Budget } from './budget.ts';
import { toleranceNs } from './time-fit.ts';

/** What is known of the reported spans of a trace. */
interface Relations {
  /** Those of the same program below a span. */
  childrenOf(span: SpanRecord): readonly SpanRecord[];
  /** Calls whose header names a span. */
  callsNamedBy(span: SpanRecord): readonly SpanRecord[];
}

/** What one program reported of one request that the kernel saw. */
export class ReportedRequest {
  readonly #entries: readonly SpanRecord[];
  readonly #relations: Relations;
  /** All spans, parents first. */
  readonly spans: readonly SpanRecord[];
  /** How far the program's clock is behind the kernel's; undefined if it is wrong, and not known by how much. */
  readonly shiftNs: number | undefined;

  constructor(server: SpanRecord, entries: readonly SpanRecord[], relations: Relations) {
    this.#entries = entries;
    this.#relations = relations;
    const spans = [...entries];
    for (const span of spans) for (const child of relations.childrenOf(span)) spans.push(child);
    this.spans = spans;
    this.shiftNs = this.#shift(server);
  }

  /** The entries lie in the request, and a call begins within the span that its header names. */
  #shift(server: SpanRecord): number | undefined {
    let [least, most] = [-Infinity, Infinity];
    for (const entry of this.#entries) {
      least = Math.max(least, server.startNs - entry.startNs);
      if (!server.wasBrokenOff) most = Math.min(most, server.endNs - entry.endNs);
    }
    for (const span of this.spans)
      for (const call of this.#relations.callsNamedBy(span)) {
        least = Math.max(least, call.startNs - span.endNs);
        most = Math.min(most, call.startNs - span.startNs);
      }
    if (least - toleranceNs <= 0 && most + toleranceNs >= 0) return 0;
    const isExact = most - least >= -toleranceNs && most - least <= 2 * toleranceNs;
    return isExact ? (least + most) / 2 : undefined;
  }

  /** Whether a header says which call a span made: then it made no others of its kind. */
  hasNamedCall(span: SpanRecord): boolean {
    return this.#relations.callsNamedBy(span).length > 0;
  }

  /** Whether a span began before a call and ended after it. */
  contains(span: SpanRecord, call: SpanRecord): boolean {
    const shiftNs = this.shiftNs ?? 0;
    return span.startNs + shiftNs <= call.startNs + toleranceNs && span.endNs + shiftNs >= call.endNs - toleranceNs;
  }

  /** Whether a span was under way during a part of a call. */
  overlaps(span: SpanRecord, call: SpanRecord): boolean {
    const shiftNs = this.shiftNs ?? 0;
    return span.startNs + shiftNs <= call.endNs + toleranceNs && span.endNs + shiftNs >= call.startNs - toleranceNs;
  }

  /** The innermost span that alone may have made a call; undefined if not even one entry may. */
  innermost(call: SpanRecord, budget: Budget): SpanRecord | undefined {
    let innermost: SpanRecord | undefined;
    let below = this.#entries;
    while (below.length > 0 && budget.take(below.length)) {
      const busy = below.filter((span) => this.overlaps(span, call));
      const [only] = busy;
      // A client's span whose protocol is known has calls of that protocol, and these were matched.
      const mayContain = only !== undefined && (only.seenPoint !== 'c-app' || only.protocol === 'unknown');
      if (busy.length !== 1 || !mayContain || !this.contains(only, call)) break;
      innermost = only;
      below = this.#relations.childrenOf(only);
    }
    return innermost;
  }
}
