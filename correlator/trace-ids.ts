import { traceIdentity } from './assemble/trace-identity.ts';
import type { SpanRecord } from './span-record.ts';

/** Carried ids remembered, so that what comes after a trace was forgotten does not take its place. */
const rememberedIds = 200_000;

/** Gives traces their ids. A carried id is given once; whoever carries it later is another trace. */
export class TraceIds {
  readonly #given = new Set<string>();

  /** The id of a trace that is emitted for the first time. `spans` are in their final order. */
  give(spans: readonly SpanRecord[]): string {
    const { carried, derived } = traceIdentity(spans);
    if (carried === undefined || this.#given.has(carried)) return derived;
    if (this.#given.size >= rememberedIds) this.#given.delete(this.#given.keys().next().value!);
    this.#given.add(carried);
    return carried;
  }
}
