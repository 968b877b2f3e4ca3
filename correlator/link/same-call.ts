import { clientEndpointOf } from '../spans/tuple.ts';
import type { ClockOffsets } from './clock-offsets.ts';
import type { LinkSpan } from './link-store.ts';

/** Largest time between the two ends of one call, in nanoseconds. */
export interface CallGates {
  /** If both TCP sequence numbers are equal. */
  readonly twoSidedNs: number;
  /** If one end has no response: it may have timed out long before the other began. */
  readonly oneSidedNs: number;
  /** Clock difference allowed for two agents whose clocks have not been compared yet. */
  readonly maxClockSkewNs: number;
}

export const defaultCallGates: CallGates = { twoSidedNs: 1e9, oneSidedNs: 10e9, maxClockSkewNs: 60e9 };

/** The request's TCP sequence; with the agent where it counts bytes of a Unix socket; of a datagram request id, client and question. */
export type CallKey = number | string;

/** The key under which the ends of a call meet; undefined for spans that are no part of a network call. */
export function callKey(span: LinkSpan): CallKey | undefined {
  if (span.role === 'application') return undefined;
  if (span.transport === 'tcp') return span.requestTcpSequence === 0 ? undefined : span.requestTcpSequence;
  if (span.transport === 'udp') return `${span.requestId} ${clientEndpointOf(span.tuple)} ${span.question}`;
  if (span.transport !== 'unix' || span.requestTcpSequence === 0) return undefined;
  return `unix ${span.agentId} ${span.requestTcpSequence}`;
}

/** Whether sequences (TCP, Unix sockets) or client, request id and question (UDP; the server's address may be translated) say that two spans with one call key are one call. */
export function isSameExchange(left: LinkSpan, right: LinkSpan): boolean {
  if (left.role === right.role && left.role !== 'network') return false;
  if (left.transport === 'udp') return true;
  if (left.responseTcpSequence !== 0 && right.responseTcpSequence !== 0)
    return left.responseTcpSequence === right.responseTcpSequence;
  return left.tuple === right.tuple;
}

/** Whether both ends have both sequences. */
export function isTwoSided(left: LinkSpan, right: LinkSpan): boolean {
  return left.transport !== 'udp' && left.responseTcpSequence !== 0 && right.responseTcpSequence !== 0;
}

/** Whether two spans with one call key are views of one call, by sequences and by time. */
export function isSameCall(left: LinkSpan, right: LinkSpan, clocks: ClockOffsets, gates: CallGates): boolean {
  if (!isSameExchange(left, right)) return false;
  let allowedNs = isTwoSided(left, right) || left.transport === 'udp' ? gates.twoSidedNs : gates.oneSidedNs;
  let shiftNs = 0;
  if (left.agentId !== right.agentId) {
    const offset = clocks.between(left.agentId, right.agentId);
    if (offset === undefined) allowedNs += gates.maxClockSkewNs;
    else {
      shiftNs = offset.offsetNs;
      allowedNs += offset.uncertaintyNs;
    }
  }
  // The server's view lies within the client's, so views of one call overlap once the clocks are set right.
  const gapNs = Math.max(right.startNs - shiftNs - left.endNs, left.startNs - (right.endNs - shiftNs));
  return gapNs <= allowedNs;
}
