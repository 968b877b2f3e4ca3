import type { SpanRecord } from '../spans/span-record.ts';
import type { ProcessIndex } from './process-index.ts';

/** Learns what the calls of a process show, before causes are decided: whether its contexts are serial, and what it calls in the background. */
export function observeCall(call: SpanRecord, process: ProcessIndex): void {
  if (call.responseEventId !== 0 && call.responseContextId === call.requestContextId) {
    if (process.contexts.isInterleaved(call)) process.interleavedCalls++;
    else process.blockingCalls++;
  }
  if (!process.awaitsOtherThan(undefined) && process.openAt(call).length === 0) process.noteBackground(call);
}
