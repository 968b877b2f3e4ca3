import type { ReceivedMessage } from '../core/bus/bus.ts';
import { decodeValue } from '../core/codec.ts';
import { readResource } from '../schemas/generated/resource.ts';
import type { Span } from '../schemas/generated/span.ts';
import { readTrace, type Trace } from '../schemas/generated/trace.ts';

/** Keeps the last revision of every trace seen on the bus, and the names of the resources that its spans point to. */
export class TraceCollection {
  readonly #traces = new Map<string, Trace>();
  readonly #names = new Map<number, string>();

  /** Takes a message of the topics traces or resources; others are passed over. */
  add(message: ReceivedMessage): void {
    // Buffers of messages are the bus's own: what is kept must not point into them.
    const own = { headers: message.headers, value: Buffer.from(message.value) };
    const traced = decodeValue('Trace', own, readTrace);
    if (traced.kind === 'ok') {
      const trace = traced.value;
      const known = this.#traces.get(trace.traceId);
      if (trace.mergedInto !== '') this.#traces.delete(trace.traceId);
      else if (known === undefined || known.revision <= trace.revision) this.#traces.set(trace.traceId, trace);
      return;
    }
    const named = decodeValue('Resource', own, readResource);
    // Ids are unique within a kind; only processes are asked for.
    if (named.kind === 'ok' && named.value.kind === 'process') this.#names.set(named.value.id, named.value.name);
  }

  get traces(): readonly Trace[] {
    return [...this.#traces.values()];
  }

  /** The name that the process which was seen goes by; the kernel's name of it when there is no other. */
  serviceNameOf(span: Span): string {
    const side = span.observationPoint.startsWith('s') ? span.server : span.client;
    return this.#names.get(side.processResourceId) ?? span.processName;
  }
}
