import type { SpanRecord } from '../spans/span-record.ts';
import { serialCause } from './serial-cause.ts';
import { timeCause } from './time-cause.ts';
import type { SpanLookup } from './claims.ts';
import { explicitCause } from './explicit-cause.ts';
import { resolvedCandidates, isAwaiting, namedServer, ruleCause } from './rule-cause.ts';
import type { Patience, Decision } from './decision.ts';
import type { ProcessIndex } from './process-index.ts';

/**
 * Decides which server span of the same process made this call. Steps, in this order: ids that the application passes on,
 * the enricher's cause candidates, the execution context, time. No edge is better than a wrong one, so a step that finds a
 * contradiction ends the search. The decision depends on the spans in state, and on what the calls of the process have shown
 * (one-sided-trust.ts), not on the order in which the spans of a trace arrive.
 */
export function decideCause(call: SpanRecord, process: ProcessIndex, find: SpanLookup, patience: Patience): Decision {
  const candidates = resolvedCandidates(call, process, find);
  const learned = candidates.find((candidate) => candidate.request?.learned === true);
  // A later span may carry the same explicit id, so this also waits for the server span that a candidate names.
  if (patience.mayWait && learned !== undefined && isAwaiting(learned)) return { kind: 'wait' };
  const explicit = explicitCause(call, process, learned === undefined ? undefined : namedServer(learned));
  if (explicit !== undefined) return { kind: 'parent', edge: explicit };
  if (patience.mayWait && candidates.some(isAwaiting)) return { kind: 'wait' };
  const byRule = ruleCause(call, process, candidates, find);
  if (byRule.kind !== 'unknown' || byRule.reason === 'contradiction' || byRule.reason === 'ambiguous') return byRule;
  if (process.isBackground(call))
    return byRule.reason === 'no_candidate' ? { kind: 'unknown', reason: 'background' } : byRule;
  // A task may outlive its request, and go on while its context, or the process, serves another one only.
  if (call.isOfPythonContext) return byRule;
  const serial = serialCause(call, process);
  if (serial !== undefined) return { kind: 'parent', edge: serial };
  // Unconfirmed candidates are no reason to guess: time decides only if there are no candidates.
  if (byRule.reason === 'not_learned') return byRule;
  const byTime = timeCause(call, process, find, patience);
  return byTime.kind === 'unknown' && byTime.reason === 'no_candidate' ? byRule : byTime;
}
