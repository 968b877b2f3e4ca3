import { type Calls, findCalls, timeKindsOf, type TimeKinds } from './calls.ts';
import { type ClockEdge, clockShifts } from './clock-shifts.ts';
import { criticalPath, type CriticalPath } from './critical-path.ts';
import { ownTimes } from './own-times.ts';
import type { SpanColumns } from './span-columns.ts';
import { errorStatuses } from '../../../where/error-statuses.ts';
import type { TraceHead } from './read-outline.ts';
import { listsBy, spanTree, type NumberLists, type SpanTree } from './span-tree.ts';

/** A trace as the page shows it. Times are nanoseconds since its beginning; exact ones are in `columns`. All of it can be sent to another thread. */
export interface TraceModel {
  readonly head: TraceHead;
  readonly columns: SpanColumns;
  readonly tree: SpanTree;
  readonly calls: Calls;
  readonly times: TimeKinds;
  /** Unix nanoseconds of the first span. */
  readonly beginNs: bigint;
  readonly durationNs: number;
  /** Since the beginning, by one clock: see clock-shifts.ts. */
  readonly startNs: Float64Array;
  /** What was added to the start of each span, because its host's clock differs. */
  readonly shiftNs: Float64Array;
  readonly ownNs: Float64Array;
  /** By span 1 where it failed. */
  readonly failed: Uint8Array;
  readonly path: CriticalPath;
  /** Pieces of the path by the head of their call. */
  readonly pathOfCall: NumberLists;
}

const failures: ReadonlySet<string> = new Set(errorStatuses);

/** Computes everything about a trace that does not depend on what a person does with it. */
export function traceModel(head: TraceHead, columns: SpanColumns): TraceModel {
  const { count, durationNs, texts, status } = columns;
  const rawNs = sinceBeginning(columns.startNs);
  const byRawStart = sortedBy(count, (one, other) => rawNs[one]! - rawNs[other]! || one - other);
  const tree = spanTree(columns.ids, columns.parentIds, byRawStart);
  const calls = findCalls(columns, tree, byRawStart);
  const times = timeKindsOf(columns, calls, tree.parent);
  const { startNs, shiftNs } = byOneClock(rawNs, columns, tree, calls);
  const end = (span: number): number => startNs[span]! + durationNs[span]!;
  const byEnd = sortedBy(count, (one, other) => end(other) - end(one) || one - other);
  const path = criticalPath(longestRoot(tree.roots, durationNs), {
    startNs,
    durationNs,
    childrenByEnd: listsBy(tree.parent, byEnd),
    isSameCall: (span) => calls.head[span] !== span,
  });
  const isFailure = Uint8Array.from(texts, (text) => Number(failures.has(text)));
  const pieces = Int32Array.from(path.span, (_, piece) => piece);
  return {
    head,
    columns,
    tree,
    calls,
    times,
    beginNs: earliest(columns.startNs),
    durationNs: Math.max(1, rangeEnd(startNs, durationNs)),
    startNs,
    shiftNs,
    ownNs: ownTimes(startNs, durationNs, tree.children),
    failed: Uint8Array.from(status, (number) => isFailure[number]!),
    path,
    pathOfCall: listsBy(
      Int32Array.from(path.span, (span) => calls.head[span]!),
      pieces,
      count,
    ),
  };
}

function earliest(times: BigInt64Array): bigint {
  let first = times[0] ?? 0n;
  for (const time of times) if (time < first) first = time;
  return first;
}

/** Exact up to 104 days from the first; beyond that a picture shows no nanoseconds. */
function sinceBeginning(times: BigInt64Array): Float64Array {
  const first = earliest(times);
  const since = new Float64Array(times.length);
  for (let span = 0; span < times.length; span++) since[span] = Number(times[span]! - first);
  return since;
}

function sortedBy(count: number, compare: (one: number, other: number) => number): Int32Array {
  return Int32Array.from({ length: count }, (_, span) => span).sort(compare);
}

function rangeEnd(startNs: Float64Array, durationNs: Float64Array): number {
  let end = 0;
  for (let span = 0; span < startNs.length; span++) end = Math.max(end, startNs[span]! + durationNs[span]!);
  return end;
}

function longestRoot(roots: Int32Array, durationNs: Float64Array): number {
  let longest = roots[0] ?? 0;
  for (const root of roots) if (durationNs[root]! > durationNs[longest]!) longest = root;
  return longest;
}

function byOneClock(
  rawNs: Float64Array,
  { agent, durationNs }: SpanColumns,
  { parent, roots }: SpanTree,
  { head }: Calls,
): { readonly startNs: Float64Array; readonly shiftNs: Float64Array } {
  const observed = (span: number): ClockEdge['outer'] => ({
    clock: agent[span]!,
    startNs: rawNs[span]!,
    durationNs: durationNs[span]!,
  });
  function* edges(): Generator<ClockEdge> {
    for (let span = 0; span < head.length; span++) {
      const outer = parent[span]!;
      if (head[span] !== span && agent[outer] !== agent[span]) yield { outer: observed(outer), inner: observed(span) };
    }
  }
  const shifts = clockShifts(edges(), agent[longestRoot(roots, durationNs)] ?? 0);
  const shiftNs = Float64Array.from(agent, (clock) => shifts.get(clock) ?? 0);
  const startNs = rawNs.map((raw, span) => raw + shiftNs[span]!);
  // The picture begins with the first span by whatever clock.
  const first = startNs.reduce((least, start) => Math.min(least, start), Infinity);
  return { startNs: Number.isFinite(first) && first !== 0 ? startNs.map((start) => start - first) : startNs, shiftNs };
}
