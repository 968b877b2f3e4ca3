import { addToList } from '../../core/collections/add-to-list.ts';
import type { SpanRecord } from '../spans/span-record.ts';

/** Spans of a trace with the roots' number. */
export interface OrderedSpans {
  /** Parents before children, siblings in the order of the input. */
  readonly spans: readonly SpanRecord[];
  readonly rootCount: number;
}

/** Walks the forest that the edges make of `spans`, which are in the order siblings are to have. */
export function orderSpans(spans: readonly SpanRecord[]): OrderedSpans {
  const childrenOf = new Map<SpanRecord, SpanRecord[]>();
  const roots: SpanRecord[] = [];
  for (const span of spans) {
    const parent = span.edge?.parent;
    if (parent === undefined) roots.push(span);
    else addToList(childrenOf, parent, span);
  }
  const ordered: SpanRecord[] = [];
  const stack = roots.toReversed();
  for (let span = stack.pop(); span !== undefined; span = stack.pop()) {
    ordered.push(span);
    const children = childrenOf.get(span);
    if (children === undefined) continue;
    for (let index = children.length - 1; index >= 0; index--) stack.push(children[index]!);
  }
  return { spans: ordered, rootCount: roots.length };
}
