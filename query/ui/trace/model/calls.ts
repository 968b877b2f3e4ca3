import { roleAt } from '../../../../schemas/observation-points.ts';
import type { SpanColumns } from './span-columns.ts';
import { listsBy, type NumberLists, type SpanTree } from './span-tree.ts';

/** Reasons of an edge between two observations of one call; all others lead from one call to the next. */
const withinCall: ReadonlySet<string> = new Set(['tcp_sequence', 'datagram']);

/** Spans by the call that they observe. A call goes by its head, the observation that the request passed first. */
export interface Calls {
  /** Head of each span's call. */
  readonly head: Int32Array;
  /** Observations by head, in the order in which the request passed them. */
  readonly hops: NumberLists;
  /** Calls by the head of the call below which they are, by start. */
  readonly below: NumberLists;
  /** Heads of calls without a call above them, by start. */
  readonly roots: Int32Array;
  /** By head: how many calls above it. */
  readonly level: Int32Array;
}

/** @param byStart all positions, by start */
export function findCalls(columns: SpanColumns, tree: SpanTree, byStart: Int32Array): Calls {
  const { count, reason, texts } = columns;
  const isWithin = Uint8Array.from(texts, (text) => Number(withinCall.has(text)));
  const head = new Int32Array(count);
  const above = new Int32Array(count).fill(-1);
  const level = new Int32Array(count);
  for (const span of tree.order) {
    const parent = tree.parent[span]!;
    const continues = parent !== -1 && isWithin[reason[span]!] === 1;
    head[span] = continues ? head[parent]! : span;
    if (continues || parent === -1) continue;
    above[span] = head[parent]!;
    level[span] = level[above[span]]! + 1;
  }
  const roots = byStart.filter((span) => head[span] === span && above[span] === -1);
  return { head, hops: listsBy(head, tree.order), below: listsBy(above, byStart), roots, level };
}

/** What a span's own time is, which is none of its children's. */
export const timeKinds = {
  /** Of the application that serves the request. */
  application: 0,
  /** Between this observation and the next one of the call, both ways. */
  network: 1,
  /** Of what comes after the last observation: network or server. */
  unseen: 2,
} as const;

/** What the own time of each span is, and the next hop where it is on the network. */
export interface TimeKinds {
  readonly kind: Uint8Array;
  /** -1 for the last hop of a call. */
  readonly next: Int32Array;
}

/** Says of each span what its own time is spent on. */
export function timeKindsOf({ texts, point }: SpanColumns, { hops, head }: Calls, parent: Int32Array): TimeKinds {
  const next = new Int32Array(head.length).fill(-1);
  for (const hop of hops.items) if (head[hop] !== hop && next[parent[hop]!] === -1) next[parent[hop]!] = hop;
  const isInside = Uint8Array.from(texts, (text) => Number(['server', 'application'].includes(roleAt(text))));
  const kind = Uint8Array.from(next, (hop, span) => {
    if (isInside[point[span]!] === 1) return timeKinds.application;
    return hop === -1 ? timeKinds.unseen : timeKinds.network;
  });
  return { kind, next };
}
