/** Decides causes without cause candidates: by the execution context that made the call, then by time. */
import type { Edge, SpanRecord } from '../span-record.ts';
import { beganWithin, type SpanLookup } from './claims.ts';
import { covers, wasOpenAt } from './fit.ts';
import type { Patience, Decision } from './decision.ts';
import type { ProcessIndex } from './process-index.ts';

const serialConfidence = 0.99;
const timeConfidence = 0.9;
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
  // A single context that reads and writes everything may be an event loop that was never busy.
  if (parent.requestContextId === call.requestContextId && process.contexts.count < 2) return undefined;
  return { parent, reason: 'serial_context', confidence: serialConfidence };
}

/**
 * By time: the process had exactly one open request when the call began, and when the calls that it continues began, and
 * that request lasted longer than the call. Server spans arrive when they end, so this waits as long as requests of the
 * process are known to take.
 */
export function timeCause(call: SpanRecord, process: ProcessIndex, find: SpanLookup, patience: Patience): Decision {
  const open = process.openAt(call);
  const parent = open[0];
  if (parent === undefined) return { kind: 'unknown', reason: 'no_candidate' };
  if (open.length > 1 || !covers(parent, call) || process.awaitsOtherThan(parent.spanId))
    return { kind: 'unknown', reason: 'ambiguous' };
  if (!beganWithin(parent, call, process, find)) return { kind: 'unknown', reason: 'not_learned' };
  const neededNs = 2 * process.longestServerNs;
  if (neededNs > patience.causeWaitNs) return { kind: 'unknown', reason: 'ambiguous' };
  if (neededNs > patience.quietNs && patience.mayWait) return { kind: 'wait' };
  return { kind: 'parent', edge: { parent, reason: 'time', confidence: timeConfidence } };
}

/** Learns from a call before causes are decided. */
export function observeCall(call: SpanRecord, process: ProcessIndex): void {
  if (call.responseEventId !== 0 && call.responseContextId === call.requestContextId) {
    if (process.contexts.isInterleaved(call)) process.interleavedCalls++;
    else process.blockingCalls++;
  }
  if (!process.awaitsOtherThan(undefined) && process.openAt(call).length === 0) process.noteBackground(call);
}
