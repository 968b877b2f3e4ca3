import { spanIdAt } from './span-ids.ts';
import type { TraceModel } from './trace-model.ts';

/** What spans of a trace are looked for. */
export interface SpanFilter {
  /** Part of what the page shows of a span, in any case; empty for all. */
  readonly text: string;
  /** A service of either side; empty for all. */
  readonly service: string;
  readonly onlyErrors: boolean;
  readonly onlyPath: boolean;
  readonly minDurationNs: number;
}

/** Finds every span. */
export const noFilter: SpanFilter = { text: '', service: '', onlyErrors: false, onlyPath: false, minDurationNs: 0 };

/** Calls that a filter finds. */
export interface FilterResult {
  /** By head of a call, 1 where one of its observations matches. */
  readonly matches: Uint8Array;
  /** By head, 1 where it matches or leads to one that does. */
  readonly kept: Uint8Array;
  /** How many calls match. */
  readonly count: number;
}

/** Whether it asks for anything. */
export function isFiltering(filter: SpanFilter): boolean {
  const { text, service, onlyErrors, onlyPath, minDurationNs } = filter;
  return text !== '' || service !== '' || onlyErrors || onlyPath || minDurationNs > 0;
}

/** Finds the calls that have an observation which satisfies all of the filter. Linear. */
export function filterSpans(model: TraceModel, filter: SpanFilter): FilterResult {
  const { columns, calls, tree, failed, pathOfCall } = model;
  const matches = new Uint8Array(columns.count);
  const hasText = textMatcher(model, filter.text.toLowerCase());
  const isService = Uint8Array.from(columns.texts, (text) => Number(filter.service === '' || text === filter.service));
  for (let span = 0; span < columns.count; span++) {
    const head = calls.head[span]!;
    if (filter.onlyErrors && failed[span] === 0) continue;
    if (filter.onlyPath && pathOfCall.offsets[head] === pathOfCall.offsets[head + 1]) continue;
    if (columns.durationNs[span]! < filter.minDurationNs) continue;
    if (isService[columns.client[span]!] === 0 && isService[columns.server[span]!] === 0) continue;
    if (hasText(span)) matches[head] = 1;
  }
  const kept = matches.slice();
  let count = 0;
  for (let at = tree.order.length - 1; at >= 0; at--) {
    const head = calls.head[tree.order[at]!]!;
    if (head !== tree.order[at]) continue;
    count += matches[head]!;
    const parent = tree.parent[head]!;
    if (kept[head] === 1 && parent !== -1) kept[calls.head[parent]!] = 1;
  }
  return { matches, kept, count };
}

/** Each text is compared once, however many spans have it. */
function textMatcher({ columns }: TraceModel, wanted: string): (span: number) => boolean {
  if (wanted === '') return () => true;
  const has = Uint8Array.from(columns.texts, (text) => Number(text.toLowerCase().includes(wanted)));
  const { service, client, server, operation, protocol, status, process, point, exception, code, ids } = columns;
  const searched = [service, client, server, operation, protocol, status, process, point, exception];
  return (span) =>
    searched.some((column) => has[column[span]!] === 1) ||
    String(code[span]) === wanted ||
    (wanted.length >= 4 && spanIdAt(ids, span).startsWith(wanted));
}
