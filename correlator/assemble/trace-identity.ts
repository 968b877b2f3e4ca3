import { createHash } from 'node:crypto';
import type { SpanRecord } from '../span-record.ts';

const emptyTraceId = '0'.repeat(32);

/** A trace id of a header as 32 hex digits: b3 has short ones too; undefined for ids of other shapes (sw8). */
function asW3c(headerTraceId: string): string | undefined {
  const id = headerTraceId.length === 16 ? headerTraceId.padStart(32, '0') : headerTraceId;
  return /^[0-9a-f]{32}$/.test(id) && id !== emptyTraceId ? id : undefined;
}

/** What a trace may be called. */
export interface TraceIdentity {
  /** The trace id that the application's headers carry, if there is exactly one among the spans. */
  readonly carried: string | undefined;
  /** A trace id from the root span: the same whenever the same spans are read again. */
  readonly derived: string;
}

/**
 * The names of a trace. A trace that grows never comes back to a name it had: it is derived, then carried, then derived in
 * another way when a second id is carried.
 *
 * @param spans in their final order, the root first
 */
export function traceIdentity(spans: readonly SpanRecord[]): TraceIdentity {
  const carried = new Set<string>();
  for (const { headerTraceId } of spans) {
    const id = headerTraceId === '' ? undefined : asW3c(headerTraceId);
    if (id !== undefined) carried.add(id);
    if (carried.size > 1) break;
  }
  const { agentId, spanId, startTimeNs } = spans[0]!;
  const text = `${agentId} ${spanId} ${startTimeNs}${carried.size > 1 ? ' several' : ''}`;
  const derived = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return { carried: carried.size === 1 ? [...carried][0] : undefined, derived };
}
