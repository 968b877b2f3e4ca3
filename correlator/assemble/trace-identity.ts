import { createHash } from 'node:crypto';
import type { SpanRecord } from '../span-record.ts';

const emptyTraceId = '0'.repeat(32);

/** A trace id of a header as 32 hex digits: b3 has short ones too; undefined for ids of other shapes (sw8). */
function asW3c(headerTraceId: string): string | undefined {
  const id = headerTraceId.length === 16 ? headerTraceId.padStart(32, '0') : headerTraceId;
  return /^[0-9a-f]{32}$/.test(id) && id !== emptyTraceId ? id : undefined;
}

/** The trace id that the application's headers carry, if there is exactly one among the spans. */
export function carriedTraceId(spans: readonly SpanRecord[]): string | undefined {
  let found: string | undefined;
  for (const { headerTraceId } of spans) {
    if (headerTraceId === '') continue;
    const id = asW3c(headerTraceId);
    if (id === undefined || id === found) continue;
    if (found !== undefined) return undefined;
    found = id;
  }
  return found;
}

/** A trace id from the root span: the same whenever the same spans are read again. */
export function derivedTraceId(root: SpanRecord): string {
  return createHash('sha256').update(`${root.agentId} ${root.spanId} ${root.startTimeNs}`).digest('hex').slice(0, 32);
}
