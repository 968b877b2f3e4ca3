import type { ReceivedMessage } from '../core/bus/bus.ts';
import { decodeValue } from '../core/codec.ts';
import { readResource } from '../schemas/generated/resource.ts';
import type { Span } from '../schemas/generated/span.ts';
import { readTrace, type Trace } from '../schemas/generated/trace.ts';
import { publicTraceIds } from '../schemas/public-trace-ids.ts';
import type { SpanNames } from '../schemas/trace-json.ts';
import { TagNames } from './tag-names.ts';

/** Keeps the last revision of every trace seen on the bus, and the names of the resources that its spans point to. */
export class TraceCollection {
  readonly #traces = new Map<string, Trace>();
  readonly #names = new TagNames();

  /** Takes a message of the topics traces, resources or agent-resources; others are passed over. */
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
    if (named.kind === 'ok') this.#names.learn(named.value);
  }

  /** Traces by the ids that people know them by. */
  get traces(): readonly Trace[] {
    const ids = publicTraceIds(this.#traces.values());
    return Array.from(this.#traces.values(), (trace) => ({ ...trace, traceId: ids.get(trace.traceId)! }));
  }

  /** Names of the service that was seen, and of everything that both sides are tagged with. */
  readonly namesOf = (span: Span): SpanNames => this.#names.ofSpan(span);
}
