import type { OutgoingMessage } from '../../core/bus/bus.ts';
import type { Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import type { CorrelatorConfig } from '../config.ts';
import { Correlator } from '../stage.ts';
import { batchMessage, finalTraces, hexId, side, testConfig, tracesOf } from './span-messages.ts';
import { epochNs, aSpan } from '../../schemas/testing/a-span.ts';

/** A correlator at work, one message after the other. */
export class Scenario {
  readonly correlator: Correlator;
  readonly messages: OutgoingMessage[] = [];
  #offset = 0;
  #final: readonly Trace[] | undefined;

  constructor(config: Partial<CorrelatorConfig> = {}) {
    this.correlator = new Correlator({ ...testConfig, ...config });
  }

  /** Spans come when their agents have got to `atMs` after the epoch. Returns the traces that this brought out. */
  arrive(atMs: number, ...spans: readonly Span[]): readonly Trace[] {
    return this.#keep(this.correlator.process(batchMessage(this.#offset++, atMs, spans), 0));
  }

  /** The input has ended. */
  drain(): readonly Trace[] {
    return this.#keep(this.correlator.drain());
  }

  /** What comes of these spans alone. */
  drainedAfter(atMs: number, ...spans: readonly Span[]): readonly Trace[] {
    this.arrive(atMs, ...spans);
    return this.drain();
  }

  /** All traces that came out, as they are after the last revision. */
  get traces(): readonly Trace[] {
    return (this.#final ??= finalTraces(tracesOf(this.messages)));
  }

  /** The parent of a span, or undefined when it has none. */
  parentOf(span: Span): string | undefined {
    return this.find(span).parentSpanId || undefined;
  }

  /** A span as it came out last. */
  find({ spanId }: Span): Span {
    const found = this.traces.flatMap(({ spans }) => spans).filter((span) => span.spanId === spanId);
    if (found.length !== 1) throw new Error(`span ${spanId} came out ${found.length} times`);
    return found[0]!;
  }

  #keep(messages: readonly OutgoingMessage[]): readonly Trace[] {
    this.messages.push(...messages);
    this.#final = undefined;
    return tracesOf(messages);
  }
}

/** Start and duration of a span, answered at once, that lasts between two times after the epoch, in milliseconds. */
export function lasting(fromMs: number, toMs: number): Pick<Span, 'startTimeNs' | 'durationNs' | 'timeToFirstByteNs'> {
  const durationNs = Math.round((toMs - fromMs) * 1e6);
  const startTimeNs = epochNs + BigInt(Math.round(fromMs * 1e6));
  return { startTimeNs, durationNs, timeToFirstByteNs: durationNs };
}

/** Ids of the events of a span; the numbers only have to be in the order of time within an agent. */
export function events(request: number, response: number): Pick<Span, 'requestEventId' | 'responseEventId'> {
  return { requestEventId: request, responseEventId: response };
}

/** A call from process 100 to process 200: the view of the caller and that of the callee. */
export function callOf(id: number, fromMs: number, toMs: number, facts: Partial<Span> = {}): readonly [Span, Span] {
  const shared = {
    requestTcpSequence: 1000 + id,
    responseTcpSequence: 2000 + id,
    client: side(1, 30_000 + id),
    ...facts,
  };
  return [
    aSpan({
      spanId: hexId(2 * id),
      observationPoint: 'c-p',
      processId: 100,
      ...lasting(fromMs, toMs),
      ...events(fromMs * 10, toMs * 10),
      ...shared,
    }),
    aSpan({
      spanId: hexId(2 * id + 1),
      observationPoint: 's-p',
      processId: 200,
      ...lasting(fromMs + 1, toMs - 1),
      ...events(fromMs * 10 + 1, toMs * 10 - 1),
      ...shared,
    }),
  ];
}

/** A call that process 200 makes while it serves. */
export function innerCall(id: number, fromMs: number, toMs: number, facts: Partial<Span> = {}): Span {
  return aSpan({
    spanId: hexId(id),
    processId: 200,
    ...lasting(fromMs, toMs),
    ...events(fromMs * 10, toMs * 10),
    requestTcpSequence: 5000 + id,
    responseTcpSequence: 6000 + id,
    client: side(2, 31_000 + (id % 1000)),
    server: side(3, 6379),
    endpoint: '/store',
    ...facts,
  });
}

/** The trace id of reported spans and of the headers of {@link carrying}. */
export const reportedTraceId = 'd'.repeat(32);

/** What the headers of a request carry that a reported span made. */
export function carrying(id: number): Pick<Span, 'headerTraceId' | 'headerSpanId'> {
  return { headerTraceId: reportedTraceId, headerSpanId: hexId(id) };
}

/** A span that the program with this number reported. `parent` is the id of the parent that it states, 0 for none. */
export function reportedSpan(
  id: number,
  parent: number,
  point: 'c-app' | 'app' | 's-app',
  [fromMs, toMs]: readonly [number, number],
  facts: Partial<Span> & { readonly program?: number } = {},
): Span {
  const { program = 200, ...others } = facts;
  const own = { ...side(0, 0), address: Buffer.alloc(0), processResourceId: program };
  const other = { ...own, processResourceId: 0 };
  return aSpan({
    spanId: hexId(id),
    parentSpanId: parent === 0 ? '' : hexId(parent),
    agentId: 9,
    observationPoint: point,
    signalSource: 'otel',
    ...lasting(fromMs, toMs),
    requestEventId: 0,
    responseEventId: 0,
    processId: 0,
    requestContextId: 0,
    responseContextId: 0,
    transport: 'unknown',
    protocol: 'unknown',
    headerTraceId: reportedTraceId,
    client: point === 'c-app' ? own : other,
    server: point === 'c-app' ? other : own,
    ...others,
  });
}
