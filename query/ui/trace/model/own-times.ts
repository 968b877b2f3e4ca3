import type { NumberLists } from './span-tree.ts';

/** Nanoseconds of each span that none of its children covers. Linear: children come by their start. */
export function ownTimes(startNs: Float64Array, durationNs: Float64Array, children: NumberLists): Float64Array {
  return durationNs.map((duration, span) => {
    const end = startNs[span]! + duration;
    let covered = 0;
    let upTo = startNs[span]!;
    for (let at = children.offsets[span]!; at < children.offsets[span + 1]!; at++) {
      const child = children.items[at]!;
      const from = Math.max(upTo, startNs[child]!);
      const to = Math.min(end, startNs[child]! + durationNs[child]!);
      if (to <= from) continue;
      covered += to - from;
      upTo = to;
    }
    return Math.max(0, duration - covered);
  });
}
