/**
 * A call shows as several spans: the client's, the server's, later those of network interfaces between them. Each knows
 * best its own side. Here the spans of one call are put together, so that every row carries the services at both ends,
 * and exactly one of them stands for the call when calls are counted.
 */

/** A resource by the position of its kind in ResourceKind, and its id. Both 0: not known. */
export interface ServiceReference {
  readonly type: number;
  readonly id: number;
}

/** What a span says about its call. An id is two halves of 32 bits, in any order of bytes. */
export interface SpanEnds {
  readonly idHigh: number;
  readonly idLow: number;
  readonly parentHigh: number;
  readonly parentLow: number;
  /** The parent is the same call, seen elsewhere. */
  readonly isSameCall: boolean;
  readonly client: ServiceReference;
  readonly server: ServiceReference;
}

/** One call, as all its spans together know it. */
export interface Call {
  client: ServiceReference;
  server: ServiceReference;
  /** The span nearest to the server, by its position in the trace: it stands for the call. */
  last: number;
}

interface Known {
  readonly ends: SpanEnds;
  readonly call: Call;
}

/** 53 of the 64 bits of an id; what is found by it is compared in full. */
function keyOf(high: number, low: number): number {
  return (high & 0x1fffff) * 0x100000000 + (low >>> 0);
}

/** The call of each span, by its position. Spans come parents before children. */
export function linkCalls(spans: readonly SpanEnds[]): readonly Call[] {
  const known = new Map<number, Known>();
  return spans.map((ends, index) => {
    const parent = ends.isSameCall ? known.get(keyOf(ends.parentHigh, ends.parentLow)) : undefined;
    const isParent = parent?.ends.idHigh === ends.parentHigh && parent.ends.idLow === ends.parentLow;
    const call = isParent ? parent.call : { client: ends.client, server: ends.server, last: index };
    call.last = index;
    // The client's own span comes first and knows the client best; the server's comes last and knows the server best.
    if (call.client.id === 0) call.client = ends.client;
    if (ends.server.id !== 0) call.server = ends.server;
    known.set(keyOf(ends.idHigh, ends.idLow), { ends, call });
    return call;
  });
}
