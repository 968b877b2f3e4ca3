import type { AnnotationFilter } from './kept-object.ts';

/** Which annotations are kept: those that one of the patterns names and none of `leftOut`; `*` stands for anything. */
export function annotationFilter(kept: readonly string[], leftOut: readonly string[]): AnnotationFilter {
  const keeps = patternOf(kept);
  const leavesOut = patternOf(leftOut);
  // The same few names come with every object.
  const known = new Map<string, boolean>();
  return (name) => {
    let isKept = known.get(name);
    if (isKept === undefined) {
      isKept = keeps.test(name) && !leavesOut.test(name);
      if (known.size < 10_000) known.set(name, isKept);
    }
    return isKept;
  };
}

function patternOf(patterns: readonly string[]): RegExp {
  const parts = patterns.map((pattern) =>
    pattern
      .split('*')
      .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*'),
  );
  return parts.length === 0 ? /(?!)/ : new RegExp(`^(?:${parts.join('|')})$`);
}
