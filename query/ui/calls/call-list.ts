/** Calls that are shown, newest first: a bounded number, each once, whatever comes twice or late. */
import type { SpanSummaryJson } from '../../api/span-summary-json.ts';

export type Call = SpanSummaryJson;

export interface CallList {
  readonly calls: readonly Call[];
  /** That came and had no room any more. */
  readonly dropped: number;
}

/** Most calls that are kept. */
export const maxCalls = 2_000;

export const noCalls: CallList = { calls: [], dropped: 0 };

/** Names one call. */
export const callKey = ({ trace_id, span_id }: Call): string => `${trace_id} ${span_id}`;

/** The newest of those that were there and those that came. What came again, as its trace was stored anew, replaces what was there. */
export function withCalls({ calls, dropped }: CallList, came: readonly Call[], limit = maxCalls): CallList {
  if (came.length === 0) return { calls, dropped };
  // Traces grow together and get other ids, spans keep theirs.
  const byId = new Map(calls.map((call) => [call.span_id, call]));
  for (const call of came) byId.set(call.span_id, call);
  const all = [...byId.values()].toSorted(newestFirst);
  return { calls: all.slice(0, limit), dropped: dropped + Math.max(0, all.length - limit) };
}

/** Decimal texts of Unix times: the longer one is the later. */
function newestFirst(left: Call, right: Call): number {
  const [a, b] = [right.start_time_ns, left.start_time_ns];
  if (a.length !== b.length) return a.length - b.length;
  if (a !== b) return a < b ? -1 : 1;
  return left.span_id < right.span_id ? -1 : 1;
}
