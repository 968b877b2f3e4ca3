/**
 * The tree of spans, robust against anything: a parent that is not there or would be a descendant makes the span a root.
 * Linear in the number of spans, but for one sort; nothing recurses, so that a chain of any length is fine.
 */
import { positionsOf, type SpanIds } from './span-ids.ts';

/** Why a span has no parent in the tree. */
export const rootKinds = { none: 0, absent: 1, cycle: 2 } as const;

/** Lists of numbers by number: those of `of` are `items` from `offsets[of]` to `offsets[of + 1]`. */
export interface NumberLists {
  readonly offsets: Int32Array;
  readonly items: Int32Array;
}

/** Parents and children by position of the span. */
export interface SpanTree {
  /** -1 for roots. */
  readonly parent: Int32Array;
  /** One of {@link rootKinds}; of a span that has a parent 0. */
  readonly rootKind: Uint8Array;
  readonly roots: Int32Array;
  /** Children by start. */
  readonly children: NumberLists;
  /** All spans, parents before children. */
  readonly order: Int32Array;
}

/** @param byStart all positions, by the start of their spans */
export function spanTree(ids: SpanIds, parentIds: SpanIds, byStart: Int32Array): SpanTree {
  const { parent, rootKind } = parentsOf(ids, parentIds);
  cutCycles(parent, rootKind);
  const children = listsBy(parent, byStart);
  const roots = byStart.filter((span) => parent[span] === -1);
  return { parent, rootKind, roots, children, order: parentsFirst(roots, children) };
}

function parentsOf(ids: SpanIds, parentIds: SpanIds): { readonly parent: Int32Array; readonly rootKind: Uint8Array } {
  // Of several with one id the first is the parent.
  const parent = positionsOf(parentIds, ids);
  const rootKind = new Uint8Array(parent.length);
  for (let at = 0; at < parent.length; at++) {
    if (parentIds[2 * at] === 0 && parentIds[2 * at + 1] === 0) parent[at] = -1;
    else if (parent[at] === -1) rootKind[at] = rootKinds.absent;
  }
  return { parent, rootKind };
}

/** Walks up from every span once; where a walk meets itself, the edge that closes the cycle is cut. */
function cutCycles(parent: Int32Array, rootKind: Uint8Array): void {
  const walk = new Int32Array(parent.length);
  for (let from = 0; from < parent.length; from++) {
    let at = from;
    while (at !== -1 && walk[at] === 0) {
      walk[at] = from + 1;
      const above = parent[at]!;
      if (above !== -1 && walk[above] === from + 1) {
        parent[at] = -1;
        rootKind[at] = rootKinds.cycle;
      }
      at = parent[at]!;
    }
  }
}

/** Groups positions by a key of theirs, in the order given; those with key -1 are in no list. @param keys how many keys there are */
export function listsBy(key: Int32Array, order: Int32Array, keys = key.length): NumberLists {
  const offsets = new Int32Array(keys + 1);
  for (const of of key) if (of !== -1) offsets[of + 1]!++;
  for (let at = 0; at < keys; at++) offsets[at + 1]! += offsets[at]!;
  const next = offsets.slice();
  const items = new Int32Array(offsets[keys]!);
  for (const at of order) if (key[at] !== -1) items[next[key[at]!]!++] = at;
  return { offsets, items };
}

function parentsFirst(roots: Int32Array, { offsets, items }: NumberLists): Int32Array {
  const order = new Int32Array(offsets.length - 1);
  order.set(roots);
  let filled = roots.length;
  for (let at = 0; at < filled; at++)
    for (let child = offsets[order[at]!]!; child < offsets[order[at]! + 1]!; child++) order[filled++] = items[child]!;
  return order;
}
