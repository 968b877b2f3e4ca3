import type { SpanRecord } from '../spans/span-record.ts';

/** Whether the server had replied before the call began: then it cannot have caused it. */
export function answeredBefore(server: SpanRecord, call: SpanRecord): boolean {
  if (server.responseEventId !== 0) return server.responseEventId < call.requestEventId;
  return server.endNs < call.startNs;
}

/** Whether the server span was open in the call's process when the call began. */
export function wasOpenAt(server: SpanRecord, call: SpanRecord): boolean {
  return (
    server.process === call.process &&
    server.role === 'server' &&
    server.requestEventId < call.requestEventId &&
    !answeredBefore(server, call)
  );
}

/**
 * Whether the server span was open in the call's process when the call began, or ended without a reply, as when its client
 * left, and no longer than `lingerNs` before.
 */
export function mayStillBeServedAt(server: SpanRecord, call: SpanRecord, lingerNs: number): boolean {
  if (wasOpenAt(server, call)) return true;
  if (server.process !== call.process || server.role !== 'server' || server.responseEventId !== 0) return false;
  return server.requestEventId < call.requestEventId && server.endNs + lingerNs >= call.startNs;
}

/** Whether the server span was open from the call's beginning to its end. */
export function covers(server: SpanRecord, call: SpanRecord): boolean {
  if (!wasOpenAt(server, call)) return false;
  if (server.responseEventId === 0 || call.responseEventId === 0) return server.endNs >= call.endNs;
  return call.responseEventId < server.responseEventId;
}

/** Whether `later` can be what came of reading the response of `earlier`. */
export function followsResponseOf(later: SpanRecord, earlier: SpanRecord): boolean {
  if (later.process !== earlier.process || earlier.role !== 'client' || earlier.responseEventId === 0) return false;
  const event = later.role === 'server' ? later.responseEventId : later.requestEventId;
  return earlier.responseEventId < event;
}
