import type { SpanRecord } from '../spans/span-record.ts';
import { beganWithin, type SpanLookup } from './claims.ts';
import type { Decision, Patience } from './decision.ts';
import { covers } from './fit.ts';
import type { ProcessIndex } from './process-index.ts';

const timeConfidence = 0.9;

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
