import type { FilterResult } from './span-filter.ts';
import type { TraceModel } from './trace-model.ts';

/** What a person has folded, opened and hidden. Calls go by their heads. */
export interface Folding {
  /** Calls with something below them that are closed, other than by `depth`. */
  readonly closed: ReadonlySet<number>;
  /** Calls deeper than `depth` that were opened nevertheless. */
  readonly opened: ReadonlySet<number>;
  /** Calls below this level are closed. */
  readonly depth: number;
  /** Calls whose observations are shown. */
  readonly unfolded: ReadonlySet<number>;
  /** Only this call and what is below it. */
  readonly focus: number | undefined;
}

/** Everything is open, and every call is one lane. */
export const allOpen: Folding = {
  closed: new Set(),
  opened: new Set(),
  depth: Infinity,
  unfolded: new Set(),
  focus: undefined,
};

/** Rows from top to bottom. */
export interface VisibleRows {
  /** The span of each row: of a lane the call's head. */
  readonly span: Int32Array;
  /** 1 for one observation within an unfolded call, 0 for a call. */
  readonly isHop: Uint8Array;
  /** How deep it is drawn, from 0. */
  readonly level: Uint16Array;
}

/** Whether what is below the call is shown. */
export function isOpen({ closed, opened, depth }: Folding, call: number, level: number): boolean {
  if (closed.has(call)) return false;
  return level < depth || opened.has(call);
}

/** No tree is drawn deeper. */
const maxLevel = 0xffff;

/** Rows that are not folded away. @param filter hides calls that neither match nor lead to a match */
export function visibleRows(model: TraceModel, folding: Folding, filter?: FilterResult): VisibleRows {
  const { calls } = model;
  const span: number[] = [];
  const isHop: number[] = [];
  const level: number[] = [];
  const push = (row: number, hop: number, at: number): void => {
    span.push(row);
    isHop.push(hop);
    level.push(Math.min(at, maxLevel));
  };
  const { focus } = folding;
  const top = focus === undefined ? 0 : calls.level[focus]!;
  // From the last to the first, as they are taken from the end.
  const waiting = focus === undefined ? Array.from(calls.roots).reverse() : [focus];
  for (let call = waiting.pop(); call !== undefined; call = waiting.pop()) {
    if (filter !== undefined && filter.kept[call] === 0) continue;
    const at = calls.level[call]! - top;
    push(call, 0, at);
    if (folding.unfolded.has(call))
      for (let hop = calls.hops.offsets[call]!; hop < calls.hops.offsets[call + 1]!; hop++)
        push(calls.hops.items[hop]!, 1, at + 1);
    if (!isOpen(folding, call, at)) continue;
    for (let child = calls.below.offsets[call + 1]! - 1; child >= calls.below.offsets[call]!; child--)
      waiting.push(calls.below.items[child]!);
  }
  return { span: Int32Array.from(span), isHop: Uint8Array.from(isHop), level: Uint16Array.from(level) };
}
