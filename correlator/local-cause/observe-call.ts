import type { SpanRecord } from '../spans/span-record.ts';
import { requestClaim, responseClaim, type SpanLookup } from './claims.ts';
import type { ProcessIndex } from './process-index.ts';

/**
 * Learns what the calls of a process show, before causes are decided: whether its contexts are serial, what it calls in the
 * background, whether it passes requests on, and whether the two sides of its calls agree.
 */
export function observeCall(call: SpanRecord, process: ProcessIndex, find: SpanLookup): void {
  if (call.responseEventId !== 0 && call.responseContextId === call.requestContextId) {
    if (process.contexts.isInterleaved(call)) process.interleavedCalls++;
    else process.blockingCalls++;
  }
  if (!process.awaitsOtherThan(undefined) && process.openAt(call).length === 0) process.noteBackground(call);
  if (call.xRequestIdRequest !== '') process.passThrough.note(call, process.openWithRequestId(call) ?? []);
  if (!call.isJudged) judge(call, process, find);
}

/** Compares what the rules say about a call with what else is known of it. */
function judge(call: SpanRecord, process: ProcessIndex, find: SpanLookup): void {
  if (call.causes.length === 0) return;
  const queued = requestClaim(call, 'queue', find);
  if (queued?.learned === true && queued.fits && queued.server !== undefined) {
    call.isJudged = true;
    process.trust.judgeQueue(call, queued);
  }
  const response = responseClaim(call, process, 'last_read');
  const request = response === undefined ? undefined : requestClaim(call, 'last_read', find);
  if (response === undefined || request?.fits !== true || request.server === undefined) return;
  call.isJudged = true;
  process.trust.judge(call, request, response);
}
