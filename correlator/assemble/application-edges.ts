/**
 * Inserts an application's own spans between spans of the kernel's view: a server span's request carries the id of the caller's
 * span, and a client span's request carries the id of the application span that made it.
 */
import type { Edge, SpanRecord } from '../spans/span-record.ts';

const statedConfidence = 0.9999;

function statedEdge(parent: SpanRecord): Edge {
  return { parent, reason: 'trace_context', confidence: statedConfidence };
}

/** The server span through which a request reached the application: the last one that had begun. */
function entryOf(span: SpanRecord, servers: readonly SpanRecord[]): SpanRecord | undefined {
  let entry: SpanRecord | undefined;
  for (const server of servers) {
    if (server.headerSpanId !== span.statedParentSpanId || server.startTimeNs > span.startTimeNs) continue;
    if (entry === undefined || server.startTimeNs > entry.startTimeNs) entry = server;
  }
  return entry;
}

/** Gives application spans their parents, and calls made by application spans theirs. `spans` in order of start. */
export function linkApplication(spans: readonly SpanRecord[]): void {
  const applicationById = new Map<string, SpanRecord>();
  for (const span of spans) if (span.role === 'application') applicationById.set(span.spanId, span);
  if (applicationById.size === 0) return;
  const servers = spans.filter(({ role }) => role === 'server');
  for (const span of spans) {
    if (span.role === 'application' && span.statedParentSpanId !== '') {
      const parent = entryOf(span, servers) ?? applicationById.get(span.statedParentSpanId);
      if (parent !== undefined) span.edge = statedEdge(parent);
    } else if (span.role === 'client' && span.headerSpanId !== '') {
      // A proxy passes the caller's id on: then the request it received is nearer than the application span.
      const isPassedOn = span.cause?.parent.headerSpanId === span.headerSpanId;
      const parent = isPassedOn ? undefined : applicationById.get(span.headerSpanId);
      if (parent !== undefined) span.edge = statedEdge(parent);
    }
  }
}
