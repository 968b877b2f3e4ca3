/**
 * Under which keys spans of one trace meet in a shared store, and which of those that met there belong together. The
 * same rules as in memory, except that clocks of hosts are not compared: their greatest skew is allowed for instead.
 */
import { createHash } from 'node:crypto';
import type { LinkSpan } from '../link/link-store.ts';
import type { CallGates } from '../link/same-call.ts';

/** What is kept of a span under a call key: one end of the call, or a view from in between. */
export interface CallEnd {
  /** A span or component that it belongs to. */
  readonly node: string;
  readonly role: LinkSpan['role'];
  readonly agentId: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly isUdp: boolean;
  /** 0 where there is none. */
  readonly responseTcpSequence: number;
}

/** Ids longer than this are kept as hashes. */
const longestId = 48;

/** Key of an id that an application passes on. */
export function explicitKey(kind: 'trace_id' | 'x_request_id', id: string): string {
  const short = id.length <= longestId ? id : createHash('sha256').update(id).digest('base64url').slice(0, 32);
  return `${kind === 'trace_id' ? 't' : 'x'}${short}`;
}

const tupleText = (tuple: string): string => Buffer.from(tuple, 'utf16le').toString('base64url');

/** Key of a call that needs no response: request and addresses. Undefined for what is no part of a network call. */
export function requestKey(span: LinkSpan): string | undefined {
  if (span.role === 'application') return undefined;
  if (span.transport === 'udp') return `u${span.requestId}.${tupleText(span.tuple)}`;
  if (span.transport !== 'tcp' || span.requestTcpSequence === 0) return undefined;
  return `a${(span.requestTcpSequence >>> 0).toString(36)}.${tupleText(span.tuple)}`;
}

/** Key of a TCP call that survives translated addresses: both sequences. Undefined without a response. */
export function exchangeKey(span: LinkSpan): string | undefined {
  const { role, transport, requestTcpSequence, responseTcpSequence } = span;
  if (role === 'application' || transport !== 'tcp') return undefined;
  if (requestTcpSequence === 0 || responseTcpSequence === 0) return undefined;
  return `s${(requestTcpSequence >>> 0).toString(36)}.${(responseTcpSequence >>> 0).toString(36)}`;
}

/** What a span leaves under its call keys. */
export function callEndOf(span: LinkSpan, node: string): CallEnd {
  return {
    node,
    role: span.role,
    agentId: span.agentId,
    startUs: Math.floor(span.startNs / 1e3),
    endUs: Math.ceil(span.endNs / 1e3),
    isUdp: span.transport === 'udp',
    responseTcpSequence: span.responseTcpSequence >>> 0,
  };
}

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

const roleLetters = { client: 'c', server: 's', network: 'n', application: 'a' } as const;
const rolesByLetter: ReadonlyMap<string, CallEnd['role']> = new Map(
  Object.entries(roleLetters).map(([role, letter]) => [letter, role as CallEnd['role']]),
);

/** A call end as text. */
export function formatCallEnd({ node, role, agentId, startUs, endUs, isUdp, responseTcpSequence }: CallEnd): string {
  return `${node} ${roleLetters[role]} ${agentId} ${startUs} ${endUs - startUs} ${isUdp ? 1 : 0} ${responseTcpSequence}`;
}

/** Reads what {@link formatCallEnd} wrote; undefined for any other text. */
export function parseCallEnd(text: string): CallEnd | undefined {
  const [node, letter, agentId, startUs, lengthUs, isUdp, responseTcpSequence] = text.split(' ');
  const role = rolesByLetter.get(letter ?? '');
  if (node === undefined || role === undefined || responseTcpSequence === undefined) return undefined;
  return {
    node,
    role,
    agentId: Number(agentId),
    startUs: Number(startUs),
    endUs: Number(startUs) + Number(lengthUs),
    isUdp: isUdp === '1',
    responseTcpSequence: Number(responseTcpSequence),
  };
}
