import { resourceKey } from './resource-attributes.ts';
import type { VisibleSpan } from './visible-spans.ts';

/** Spans by the key of their resource, both in the order of the spans. */
export function groupByResource<Span extends VisibleSpan>(
  spans: readonly Span[],
): ReadonlyMap<string, readonly Span[]> {
  const groups = new Map<string, Span[]>();
  for (const visible of spans) {
    const key = resourceKey(visible.span);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [visible]);
    else group.push(visible);
  }
  return groups;
}
