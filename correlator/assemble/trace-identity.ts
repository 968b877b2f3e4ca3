import { createHash } from 'node:crypto';
import type { SpanRecord } from '../span-record.ts';

const emptyTraceId = '0'.repeat(32);

/** A trace id of a header as 32 hex digits: b3 has short ones too; undefined for ids of other shapes (sw8). */
function asW3c(headerTraceId: string): string | undefined {
  const id = headerTraceId.length === 16 ? headerTraceId.padStart(32, '0') : headerTraceId;
  return /^[0-9a-f]{32}$/.test(id) && id !== emptyTraceId ? id : undefined;
}

/**
 * The W3C trace id that headers carry, if there is exactly one among the spans; else empty. A client chooses it, so it names
 * a trace to people and links spans for a while, and is never what a stored trace is known by.
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
 * The id by which a trace is stored: a hash of what the agent knows of the root span, the same whenever the same spans are
 * read again. No request contains or decides any of it.
 */
export function derivedTraceId({ agentId, spanId, startTimeNs }: SpanRecord): string {
  return createHash('sha256').update(`${agentId} ${spanId} ${startTimeNs}`).digest('hex').slice(0, 32);
}
