import { createHash } from 'node:crypto';
import type { SpanRecord } from '../spans/span-record.ts';

const emptyTraceId = '0'.repeat(32);

/** A trace id of a header as 32 hex digits: b3 has short ones too; undefined for ids of other shapes (sw8). */
function asW3c(headerTraceId: string): string | undefined {
  const id = headerTraceId.length === 16 ? headerTraceId.padStart(32, '0') : headerTraceId;
  return /^[0-9a-f]{32}$/.test(id) && id !== emptyTraceId ? id : undefined;
}

/**
 * The carried trace id: the W3C trace id in headers, if the spans carry exactly one; else empty. A client chooses it. So it is
 * a link key for a bounded time and a name for people, never the id under which a trace is stored.
 */
export function carriedTraceId(spans: readonly SpanRecord[]): string {
  let carried = '';
  for (const { headerTraceId } of spans) {
    const id = headerTraceId === '' ? undefined : asW3c(headerTraceId);
    if (id === undefined || id === carried) continue;
    if (carried !== '') return '';
    carried = id;
  }
  return carried;
}

/**
 * The stored id of a trace: a hash of facts that the agent knows about the root span. It is the same whenever the same spans are
 * read again. No request contains or influences any of them.
 */
export function derivedTraceId({ agentId, spanId, startTimeNs }: SpanRecord): string {
  return createHash('sha256').update(`${agentId} ${spanId} ${startTimeNs}`).digest('hex').slice(0, 32);
}
