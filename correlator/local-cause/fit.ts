import type { SpanRecord } from '../spans/span-record.ts';

/** More than two times as doubles are wrong by. */
export const roundingNs = 1000;

/**
 * Whether the server's answer was complete before the call began: then it cannot have caused it. Ids order events exactly; but
 * of an answer in parts only the first event is known, and the end by the agent's clock. That does not go back unless it is
 * set, and a call at the very moment of the end counts as one behind it.
 */
export function answeredBefore(server: SpanRecord, call: SpanRecord): boolean {
  if (server.responseEventId === 0) return server.endNs < call.startNs;
  if (server.responseEventId >= call.requestEventId) return false;
  // Doubles are quicker, and enough for nearly all.
  if (!server.answersInParts || server.endNs < call.startNs - roundingNs) return true;
  return server.endTimeNs <= call.startTimeNs;
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
 * Whether the server span was open in the call's process when the call began, or ended without a whole reply, as when its
 * client left, and no longer than `lingerNs` before.
 */
export function mayStillBeServedAt(server: SpanRecord, call: SpanRecord, lingerNs: number): boolean {
  if (wasOpenAt(server, call)) return true;
  if (server.process !== call.process || server.role !== 'server' || !server.wasBrokenOff) return false;
  return server.requestEventId < call.requestEventId && server.endNs + lingerNs >= call.startNs;
}

/** Whether the server span was open from the call's beginning to its end. */
export function covers(server: SpanRecord, call: SpanRecord): boolean {
  if (!wasOpenAt(server, call)) return false;
  if (server.responseEventId === 0 || call.responseEventId === 0) return server.endNs >= call.endNs;
  if (call.responseEventId < server.responseEventId) return true;
  return server.answersInParts && call.endTimeNs < server.endTimeNs;
}

/** Whether `later` can be what came of reading the response of `earlier`. */
export function followsResponseOf(later: SpanRecord, earlier: SpanRecord): boolean {
  if (later.process !== earlier.process || earlier.role !== 'client' || earlier.responseEventId === 0) return false;
  const event = later.role === 'server' ? later.responseEventId : later.requestEventId;
  return earlier.responseEventId < event;
}
