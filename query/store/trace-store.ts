import type { CloseType, Transport } from '../../schemas/generated/event-batch.ts';
import type { Protocol, Reason, Span, SpanStatus } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import type { SpanNames } from '../../schemas/trace-json.ts';
import type { SpanCondition } from '../opentelemetry/span-condition.ts';
import type { Where } from '../where/expression.ts';

/** `error` stands for every status in which something failed. */
export type StatusFilter = SpanStatus | 'error';

/**
 * Which spans, or which traces. Those about spans (service, endpoint, protocol, status, where) hold together: one span of a
 * trace must have them all.
 */
export interface SpanFilter {
  /** Name of the service on whose side the span was seen. */
  readonly service?: string;
  /** Part of the endpoint, in any case. */
  readonly endpoint?: string;
  readonly protocol?: Protocol;
  readonly status?: StatusFilter;
  /** What the span is tagged with: names, labels, annotations, environment. */
  readonly where?: Where;
  /** The same in terms of OpenTelemetry, without names of spans. */
  readonly condition?: SpanCondition;
  /** Duration in nanoseconds, both allowed: of the whole trace where traces are asked for. */
  readonly minDurationNs?: number;
  readonly maxDurationNs?: number;
  /** Start in Unix nanoseconds, both allowed: of the trace where traces are asked for. */
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
}

/** A place in a list. */
export interface ListPosition {
  /** What the list is sorted by: Unix time in nanoseconds, or a duration in nanoseconds. */
  readonly key: bigint;
  /** Of what is at that place, in hex: it decides among equal keys. */
  readonly id: string;
}

/** Which traces to list. */
export interface TraceFilter extends SpanFilter {
  readonly sort: 'newest' | 'slowest';
  /** 1 to {@link maxListedTraces}. */
  readonly limit: number;
  /** Those after this one: `next` of the list of which it is the continuation. */
  readonly after?: ListPosition;
}

/** No list is longer. */
export const maxListedTraces = 1000;

/** No more spans of a trace are read. */
export const maxReadSpans = 50_000;

/** A trace in a list. */
export interface TraceSummary {
  readonly traceId: string;
  readonly revision: number;
  readonly startTimeNs: bigint;
  readonly durationNs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly rootCount: number;
  readonly rootServiceName: string;
  readonly rootProtocol: Protocol;
  readonly rootRequestType: string;
  readonly rootEndpoint: string;
  readonly rootStatus: SpanStatus;
  readonly rootResponseCode: number;
}

/** Traces in the order of the filter: by key, then by the ids they are stored by, the greatest first. */
export interface TraceList {
  readonly traces: readonly TraceSummary[];
  /** Where the list ends; undefined when no further trace matches. */
  readonly next?: ListPosition;
}

/** What a trace is known by besides its public id. */
export interface OtherIds {
  /** The id in ClickHouse and on the bus. The public one is the W3C trace id that it carries, where it carried that first. */
  readonly storedTraceId: string;
  /** Public ids of other traces that carry the same W3C trace id; some, where there are many. */
  readonly alsoCarriedBy: readonly string[];
}

/** A trace by its public id, with the names of the services of its spans. */
export interface NamedTrace extends OtherIds {
  readonly trace: Trace;
  /** By span id; every span has an entry. */
  readonly names: ReadonlyMap<string, SpanNames>;
}

/** A call whose parent is not certain, and a span of another trace that likely made it. Traces go by the ids they are stored by. */
export interface LikelyEdge {
  readonly parentTraceId: string;
  readonly parentSpanId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly reason: Reason;
  /** Probability that it is the parent. */
  readonly confidence: number;
}

/** No list of likely edges is longer. */
export const maxLikelyEdges = 200;

/**
 * What one side of a flow sent. Counters and acknowledgments are of the intervals during the trace; what is about the
 * opening of the connection is also of intervals before it. FlowMetrics in schemas/avro/event-batch.avsc says what each is.
 */
export interface TraceFlowSide {
  /** The way to this side and back, from the handshake; -1 where that was not seen. */
  readonly handshakeNs: number;
  readonly packets: number;
  readonly retransmissions: number;
  readonly synRetransmissions: number;
  readonly zeroWindows: number;
  readonly resets: number;
  /** From data of the other side to its acknowledgment by this one. */
  readonly acknowledgmentCount: number;
  readonly acknowledgmentSumNs: number;
  readonly acknowledgmentMaxNs: number;
}

/** A flow that spans of a trace lead to, by their `agent_id` and `flow_id`: where it was seen is on those. */
export interface TraceFlow {
  readonly agentId: number;
  readonly flowId: number;
  readonly transport: Transport;
  readonly client: TraceFlowSide;
  readonly server: TraceFlowSide;
  /** `open` also where its end is not known yet. */
  readonly closeType: CloseType;
}

/** No list of flows is longer. */
export const maxTraceFlows = 2_000;

/** What became of looking for a trace. */
export type FoundTrace =
  | { readonly kind: 'found'; readonly named: NamedTrace }
  | { readonly kind: 'missing' }
  /** Several traces begin with what was asked for; some of their ids. */
  | { readonly kind: 'ambiguous'; readonly traceIds: readonly string[] };

/** A span with the names that go with it. */
export interface NamedSpan {
  readonly span: Span;
  readonly names: SpanNames;
}

/** A trace that is about to be read page by page. */
export type OpenedTrace =
  | ({
      readonly kind: 'found';
      /** The trace by its public id, without its spans. */
      readonly head: Trace;
      /**
       * Its spans in the order of a Trace, all as of the moment of opening. Nothing is held or read between two pages but
       * a few bytes a span.
       *
       * @throws TraceChangedError when the database has replaced what was to be read
       */
      readonly pages: AsyncIterable<readonly NamedSpan[]>;
    } & OtherIds)
  | Exclude<FoundTrace, { readonly kind: 'found' }>;

/** The trace being read has another revision now, and the opened one was replaced. */
export class TraceChangedError extends Error {
  constructor(traceId: string) {
    super(`trace ${traceId} has changed while it was read`);
    this.name = 'TraceChangedError';
  }
}

/** Stored traces, to be read. */
export interface TraceStore {
  listTraces(filter: TraceFilter): Promise<TraceList>;
  /**
   * @param id 32 hex digits, or the first of them: a public id, the id a trace is stored by, or a W3C trace id that it
   * carries. The id of a trace that was merged into another finds that one.
   */
  findTrace(id: string): Promise<FoundTrace>;
  /**
   * Likely edges between a trace and others, in both directions, the likeliest first: {@link maxLikelyEdges} at most.
   *
   * @param storedTraceId the id the trace is stored by; none are found of what is no such id
   */
  likelyEdges(storedTraceId: string): Promise<readonly LikelyEdge[]>;
  /**
   * Flows that its spans of packets lead to, by their start: {@link maxTraceFlows} at most.
   *
   * @param storedTraceId as of likelyEdges
   */
  traceFlows(storedTraceId: string): Promise<readonly TraceFlow[]>;
  close(): Promise<void>;
}

/** Stored traces, to be read by many: what is asked for may be cancelled, and a trace comes in pages. */
export interface PagedTraceStore extends TraceStore {
  listTraces(filter: TraceFilter, signal?: AbortSignal): Promise<TraceList>;
  /** As findTrace. */
  openTrace(id: string, signal?: AbortSignal): Promise<OpenedTrace>;
  likelyEdges(storedTraceId: string, signal?: AbortSignal): Promise<readonly LikelyEdge[]>;
  traceFlows(storedTraceId: string, signal?: AbortSignal): Promise<readonly TraceFlow[]>;
  /** Whether the database answers; never waits behind the others. @throws PipelineError */
  ping(): Promise<void>;
}
