/** A span and its parent. */
export interface TreeNode {
  readonly spanId: string;
  readonly parentSpanId: string;
}

/** Spans as they stand in a Trace: parents before children, siblings by start. What is given is sorted by start. */
export function inTreeOrder<Span extends TreeNode>(spans: readonly Span[]): readonly Span[] {
  const ids = new Set(spans.map((span) => span.spanId));
  const childrenOf = new Map<string, Span[]>();
  for (const span of spans) {
    // A parent that is not here makes a root: nothing may get lost on the way to the reader.
    const parent = ids.has(span.parentSpanId) ? span.parentSpanId : '';
    const siblings = childrenOf.get(parent);
    if (siblings === undefined) childrenOf.set(parent, [span]);
    else siblings.push(span);
  }
  const ordered = new Set<Span>();
  // A stack instead of recursion: a chain may be as long as the trace.
  const pending = [...(childrenOf.get('') ?? [])].reverse();
  for (let span = pending.pop(); span !== undefined; span = pending.pop()) {
    if (ordered.has(span)) continue;
    ordered.add(span);
    pending.push(...[...(childrenOf.get(span.spanId) ?? [])].reverse());
  }
  // Spans that are each other's ancestors have no root to be reached from.
  for (const span of spans) ordered.add(span);
  return [...ordered];
}
