/**
 * The link keys of spans in the shared store, and which spans under one key belong together. The rules are those of the
 * memory store, except that clocks of hosts are not compared: the largest allowed skew is used instead.
 */
import { createHash } from 'node:crypto';
import type { LinkSpan } from '../link/link-store.ts';
import type { CallGates } from '../link/same-call.ts';
import { clientEndpointOf } from '../spans/tuple.ts';

/** What the store keeps of a span under a call key: one end of the call, or a view from in between. */
export interface CallEnd {
  readonly role: LinkSpan['role'];
  readonly agentId: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly isUdp: boolean;
  /** 0 where there is none. */
  readonly responseTcpSequence: number;
}

/** An end that was found in the store. */
export interface StoredCallEnd extends CallEnd {
  /** The node that the span itself is. */
  readonly spanNode: string;
  /** A span or component that it belongs to. */
  readonly node: string;
}

/** Ids and addresses longer than this are kept as hashes. */
const longestText = 48;

const shortText = (text: string): string =>
  text.length <= longestText ? text : createHash('sha256').update(text, 'utf16le').digest('base64url').slice(0, 32);

/** Key of an id that an application passes on. */
export function explicitKey(kind: 'trace_id' | 'x_request_id', id: string): string {
  return `${kind === 'trace_id' ? 't' : 'x'}${shortText(id)}`;
}

/** A 32-bit number as two characters. */
const numberText = (value: number): string => String.fromCharCode(value & 0xffff, value >>> 16);

/** Whether its bytes have sequence numbers that both ends know. */
const isCounted = ({ transport, requestTcpSequence }: LinkSpan): boolean =>
  (transport === 'tcp' || transport === 'unix') && requestTcpSequence !== 0;

/** Numbers of Unix sockets mean something on one host only. */
const hostText = ({ transport, agentId }: LinkSpan): string => (transport === 'unix' ? `${agentId}.` : '');

/**
 * Key of a call that needs no response: request and addresses; of a datagram the question and only the client's, as the
 * server's may be translated. Undefined for what is no part of a network call.
 */
export function requestKey(span: LinkSpan): string | undefined {
  if (span.role === 'application') return undefined;
  if (span.transport === 'udp')
    return `u${span.requestId}.${shortText(clientEndpointOf(span.tuple))}.${shortText(span.question)}`;
  if (!isCounted(span)) return undefined;
  return `a${hostText(span)}${numberText(span.requestTcpSequence)}${shortText(span.tuple)}`;
}

/** Key of a call over TCP or a Unix socket that survives translated addresses: both sequences. Undefined without a response. */
export function exchangeKey(span: LinkSpan): string | undefined {
  const { role, requestTcpSequence, responseTcpSequence } = span;
  if (role === 'application' || !isCounted(span) || responseTcpSequence === 0) return undefined;
  return `s${hostText(span)}${numberText(requestTcpSequence)}${numberText(responseTcpSequence)}`;
}

/** Whether a span has any of these keys. */
export const hasCallKey = (span: LinkSpan): boolean =>
  span.role !== 'application' && (span.transport === 'udp' || isCounted(span));

/** Whether two spans under one call key are views of one call. */
export function areOneCall(left: CallEnd, right: CallEnd, gates: CallGates): boolean {
  if (left.role === right.role && left.role !== 'network') return false;
  const isTwoSided = left.responseTcpSequence !== 0 && right.responseTcpSequence !== 0;
  if (isTwoSided && left.responseTcpSequence !== right.responseTcpSequence) return false;
  const skewNs = left.agentId === right.agentId ? 0 : gates.maxClockSkewNs;
  const allowedNs = (isTwoSided || left.isUdp ? gates.twoSidedNs : gates.oneSidedNs) + skewNs;
  const gapUs = Math.max(right.startUs - left.endUs, left.startUs - right.endUs);
  return gapUs * 1e3 <= allowedNs;
}
