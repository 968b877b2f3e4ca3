/**
 * Under which keys spans of one trace meet in a shared store, and which of those that met there belong together. The
 * same rules as in memory, except that clocks of hosts are not compared: their greatest skew is allowed for instead.
 */
import { createHash } from 'node:crypto';
import { eachExplicitKey } from '../link/explicit-keys.ts';
import type { LinkSpan } from '../link/link-store.ts';
import type { CallGates } from '../link/same-call.ts';

/** A key that the ends of one call share: whoever registers learns who else did. */
export interface CallLink {
  readonly kind: 'call';
  readonly key: string;
}

/** An id that an application passes on: whoever registers learns who was first. */
export interface ExplicitLink {
  readonly kind: 'trace_id' | 'x_request_id';
  readonly key: string;
}

export type Link = CallLink | ExplicitLink;

/** What is kept of a span under a call key. Times in milliseconds. */
export interface CallEnd {
  readonly spanId: string;
  readonly role: LinkSpan['role'];
  readonly agentId: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly isUdp: boolean;
  readonly responseTcpSequence: number;
}

/** Ids longer than this are kept as hashes. */
const longestId = 48;

const short = (id: string): string =>
  id.length <= longestId ? id : createHash('sha256').update(id).digest('base64url').slice(0, 32);
const tupleText = (tuple: string): string => Buffer.from(tuple, 'utf16le').toString('base64url');

/** All keys of a span. A TCP call has one that survives translated addresses and one that needs no response. */
export function linksOf(span: LinkSpan): readonly Link[] {
  const links: Link[] = [];
  if (span.role !== 'application' && span.transport === 'tcp' && span.requestTcpSequence !== 0) {
    const request = (span.requestTcpSequence >>> 0).toString(36);
    links.push({ kind: 'call', key: `a${request}.${tupleText(span.tuple)}` });
    if (span.responseTcpSequence !== 0) {
      const response = (span.responseTcpSequence >>> 0).toString(36);
      links.push({ kind: 'call', key: `s${request}.${response}` });
    }
  } else if (span.role !== 'application' && span.transport === 'udp') {
    links.push({ kind: 'call', key: `u${span.requestId}.${tupleText(span.tuple)}` });
  }
  eachExplicitKey(span, (id, kind) => {
    links.push({ kind, key: `${kind === 'trace_id' ? 't' : 'x'}${short(id)}` });
  });
  return links;
}

/** What a span leaves under its call keys. */
export function callEndOf(span: LinkSpan): CallEnd {
  return {
    spanId: span.spanId,
    role: span.role,
    agentId: span.agentId,
    startMs: span.startNs / 1e6,
    endMs: span.endNs / 1e6,
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
  const gapMs = Math.max(right.startMs - left.endMs, left.startMs - right.endMs);
  return gapMs * 1e6 <= allowedNs;
}

const roleLetters = { client: 'c', server: 's', network: 'n', application: 'a' } as const;
const rolesByLetter = new Map(Object.entries(roleLetters).map(([role, letter]) => [letter as string, role]));

/** A call end as text, without its span id. */
export function formatCallEnd(end: CallEnd): string {
  const { role, agentId, startMs, endMs, isUdp, responseTcpSequence } = end;
  return [roleLetters[role], agentId, startMs.toFixed(3), endMs.toFixed(3), isUdp ? 1 : 0, responseTcpSequence].join(
    ' ',
  );
}

/** Reads what {@link formatCallEnd} wrote; undefined for any other text. */
export function parseCallEnd(spanId: string, text: string): CallEnd | undefined {
  const [letter, agentId, startMs, endMs, isUdp, responseTcpSequence] = text.split(' ');
  const role = rolesByLetter.get(letter ?? '') as CallEnd['role'] | undefined;
  if (role === undefined || responseTcpSequence === undefined) return undefined;
  return {
    spanId,
    role,
    agentId: Number(agentId),
    startMs: Number(startMs),
    endMs: Number(endMs),
    isUdp: isUdp === '1',
    responseTcpSequence: Number(responseTcpSequence),
  };
}
