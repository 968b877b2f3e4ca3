/**
 * The critical path: which span the answer was waiting for, at each moment. From the end of the root backwards: the child that ended
 * last was waited for; before it began, the one that ended last before that; what no child covers is the span's own. A child that goes
 * on after its parent was not waited for. Each span is visited once, without recursion.
 */
import type { NumberLists } from './span-tree.ts';

/** Pieces of the path by time: what was waited for from when to when, in nanoseconds since the trace began. */
export interface CriticalPath {
  readonly span: Int32Array;
  readonly fromNs: Float64Array;
  readonly toNs: Float64Array;
}

/** What the path goes by. */
export interface TimedTree {
  readonly startNs: Float64Array;
  readonly durationNs: Float64Array;
  /** By parent, those that end last first. */
  readonly childrenByEnd: NumberLists;
  /** The child is the same call, seen further inside: it was waited for, even where its end was noticed later. */
  readonly isSameCall: (child: number) => boolean;
}

interface Frame {
  readonly span: number;
  readonly floorNs: number;
  cursorNs: number;
  child: number;
}

/** The path through the tree below `root`. */
export function criticalPath(root: number, tree: TimedTree): CriticalPath {
  const spans: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  const emit = (span: number, fromNs: number, toNs: number): void => {
    if (toNs <= fromNs) return;
    spans.push(span);
    from.push(fromNs);
    to.push(toNs);
  };
  const { startNs, durationNs, childrenByEnd } = tree;
  const frame = (span: number, floorNs: number, cursorNs: number): Frame => ({
    span,
    floorNs: Math.max(floorNs, startNs[span]!),
    cursorNs,
    child: childrenByEnd.offsets[span]!,
  });
  const stack = [frame(root, -Infinity, startNs[root]! + durationNs[root]!)];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const child = nextWaitedFor(top, tree);
    if (child === undefined) {
      emit(top.span, top.floorNs, top.cursorNs);
      stack.pop();
      continue;
    }
    const endNs = Math.min(startNs[child]! + durationNs[child]!, top.cursorNs);
    emit(top.span, endNs, top.cursorNs);
    stack.push(frame(child, top.floorNs, endNs));
    top.cursorNs = Math.max(startNs[child]!, top.floorNs);
  }
  return {
    span: Int32Array.from(spans.reverse()),
    fromNs: Float64Array.from(from.reverse()),
    toNs: Float64Array.from(to.reverse()),
  };
}

/** The child that ended last before the cursor, among those that were not looked at. */
function nextWaitedFor(top: Frame, { startNs, durationNs, childrenByEnd, isSameCall }: TimedTree): number | undefined {
  const { offsets, items } = childrenByEnd;
  while (top.child < offsets[top.span + 1]!) {
    const child = items[top.child++]!;
    const start = startNs[child]!;
    const end = start + durationNs[child]!;
    const isWithin = end <= top.cursorNs || isSameCall(child);
    if (isWithin && start < top.cursorNs && end > top.floorNs) return child;
  }
  return undefined;
}
