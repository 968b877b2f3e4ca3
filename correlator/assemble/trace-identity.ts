import { createHash } from 'node:crypto';
import type { SpanRecord } from '../spans/span-record.ts';

const emptyTraceId = '0'.repeat(32);

/** Ids of other shapes (sw8) are none. */
const isW3c = (id: string): boolean => /^[0-9a-f]{32}$/.test(id) && id !== emptyTraceId;

/**
 * The carried trace id: the W3C trace id in headers, if the spans carry exactly one; else empty. A client chooses it. So it is
 * a link key for a bounded time and a name for people, never the id under which a trace is stored.
 */
export function carriedTraceId(spans: readonly SpanRecord[]): string {
  let carried = '';
  for (const { headerTraceId: id } of spans) {
    if (id === '' || id === carried || !isW3c(id)) continue;
    if (carried !== '') return '';
    carried = id;
  }
  return carried;
}

/**
 * The stored id of a trace: a hash of facts that the agent knows about the root span. It is the same whenever the same spans are
 * read again. No request contains or influences any of them. Of a span that an application reported, its trace id is part of the
 * hash: no application can choose facts that give the id of a trace with another root.
 */
export function derivedTraceId({ agentId, key, startTimeNs }: SpanRecord): string {
  return createHash('sha256').update(`${agentId} ${key} ${startTimeNs}`).digest('hex').slice(0, 32);
}
