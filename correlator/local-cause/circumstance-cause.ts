/** Decides where the notes are silent: by the context that made the call, then by time. */
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
 * A context that serves one request at a time and that, after the call, next wrote the reply of S made the call for S.
 * That a context serves one at a time shows in its calls: nothing else happens on it while one is under way.
 */
export function serialCause(call: SpanRecord, process: ProcessIndex): Edge | undefined {
  if (process.interleavedCalls > 0 || process.blockingCalls < serialEvidence) return undefined;
  if (call.responseEventId === 0 || call.responseContextId !== call.requestContextId) return undefined;
  const parent = process.contexts.nextReply(call);
  if (parent === undefined || !wasOpenAt(parent, call)) return undefined;
  // One context that reads and writes everything may be a loop that was merely never busy.
  if (parent.requestContextId === call.requestContextId && process.contexts.count < 2) return undefined;
  return { parent, reason: 'serial_context', confidence: serialConfidence };
}

/**
 * By time: the process had one request open when the call began, and when the calls began that it went on from, and it
 * lasted longer than the call. Server spans come when they end, so this waits for as long as requests of the process are
 * known to take.
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

/** Learns from a call of which no more is going to be known, before causes are decided. */
export function observeCall(call: SpanRecord, process: ProcessIndex): void {
  if (call.responseEventId !== 0 && call.responseContextId === call.requestContextId) {
    if (process.contexts.isInterleaved(call)) process.interleavedCalls++;
    else process.blockingCalls++;
  }
  if (!process.awaitsOtherThan(undefined) && process.openAt(call).length === 0) process.noteBackground(call);
}
