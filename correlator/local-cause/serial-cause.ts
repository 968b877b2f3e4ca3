import type { Edge, SpanRecord } from '../spans/span-record.ts';
import { wasOpenAt } from './fit.ts';
import type { ProcessIndex } from './process-index.ts';

const serialConfidence = 0.99;
/** Blocking calls of a process that must have been seen before its contexts count as serial. */
const serialEvidence = 20;

/**
 * If a context serves one request at a time, and after the call it next wrote the reply of server span S, then it made the
 * call for S. A context serves one at a time if nothing else happens on it during its calls.
 */
export function serialCause(call: SpanRecord, process: ProcessIndex): Edge | undefined {
  if (process.interleavedCalls > 0 || process.blockingCalls < serialEvidence) return undefined;
  if (call.responseEventId === 0 || call.responseContextId !== call.requestContextId) return undefined;
  const parent = process.contexts.nextReply(call);
  if (parent === undefined || !wasOpenAt(parent, call)) return undefined;
  // Its last reply went on behind the call: the call may belong to that one.
  const last = process.contexts.lastReply(call);
  if (last !== undefined && wasOpenAt(last, call)) return undefined;
  // A single context that reads and writes everything may be an event loop that was never busy.
  if (parent.requestContextId === call.requestContextId && process.contexts.count < 2) return undefined;
  return { parent, reason: 'serial_context', confidence: serialConfidence };
}
