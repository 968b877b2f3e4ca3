/**
 * A call shows as several spans: the client's, the server's, later those of network interfaces between them. Each knows
 * best its own side. Here the spans of one call are put together, so that every one carries the services at both ends,
 * and exactly one of them stands for the call when calls are counted.
 */
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import type { Reason, Side, Span } from '../../schemas/generated/span.ts';

/** A resource by the position of its kind in ResourceKind, and its id. Both 0: not known. */
export interface ServiceReference {
  readonly type: number;
  readonly id: number;
}

/** What a span row says about its call. */
export interface CallEnds {
  /** The service on whose side the span was seen. */
  readonly own: ServiceReference;
  readonly client: ServiceReference;
  readonly server: ServiceReference;
  /** This span stands for the call. */
  readonly isCall: boolean;
}

const unknownService: ServiceReference = { type: 0, id: 0 };
const sameCallReasons: ReadonlySet<Reason> = new Set<Reason>(['tcp_sequence', 'datagram']);

/** The most specific service of a side; a process that belongs to nothing is a service of its own. */
export function serviceOf(side: Side): ServiceReference {
  if (side.autoServiceId !== 0) return { type: side.autoServiceType, id: side.autoServiceId };
  if (side.processResourceId !== 0) return { type: resourceKindIndex.process, id: side.processResourceId };
  return unknownService;
}

/** The side a span was seen on. */
export function ownSide(span: Span): Side {
  return span.observationPoint.startsWith('c') ? span.client : span.server;
}

interface Call {
  client: ServiceReference;
  server: ServiceReference;
  /** Index of the span that is deepest: nearest to the server. */
  last: number;
}

/** The call ends of each span, by its position. Spans come parents before children. */
export function callEnds(spans: readonly Span[]): readonly CallEnds[] {
  const callOfSpan = new Map<string, Call>();
  const calls = spans.map((span, index) => {
    const shared = sameCallReasons.has(span.reason) ? callOfSpan.get(span.parentSpanId) : undefined;
    const call = shared ?? { client: unknownService, server: unknownService, last: index };
    call.last = index;
    // The client's own span comes first and knows the client best; the server's comes last and knows the server best.
    if (call.client.id === 0) call.client = serviceOf(span.client);
    const server = serviceOf(span.server);
    if (server.id !== 0) call.server = server;
    callOfSpan.set(span.spanId, call);
    return call;
  });
  return spans.map((span, index) => {
    const call = calls[index]!;
    return {
      own: serviceOf(ownSide(span)),
      client: call.client,
      server: call.server,
      isCall: call.last === index,
    };
  });
}
