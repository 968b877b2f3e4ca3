import type { Span } from '../../../schemas/generated/span.ts';

/** Compares the parents that follow from causes with the truth; for tests, which alone know the truth. */

/** How many calls came out right, wrong, or without a parent. */
export interface Score {
  right: number;
  wrong: number;
  unknown: number;
}

/**
 * The parent of each call by what is learned: by its own causes, following calls that resumed after another call's
 * response, and by the cause of the reply that its response led to. Where the two differ there is none.
 *
 * @returns span id of the request by span id of the call; undefined where nothing is known
 */
export function chooseParents(spans: readonly Span[]): ReadonlyMap<string, string | undefined> {
  const calls = new Map<string, Span>();
  const byReply = new Map<string, string>();
  for (const span of spans) {
    if (span.observationPoint === 'c-p') calls.set(span.spanId, span);
    const [cause] = span.causes;
    if (span.observationPoint === 's-p' && cause?.learned === true) byReply.set(cause.spanId, span.spanId);
  }
  const chosen = new Map<string, string | undefined>();
  const parentOf = (span: Span, depth: number): string | undefined => {
    if (chosen.has(span.spanId)) return chosen.get(span.spanId);
    const [cause] = span.causes;
    let byRequest: string | undefined;
    if (cause?.learned === true && cause.kind === 'request') byRequest = cause.spanId;
    if (cause?.learned === true && cause.kind === 'response') {
      const before = calls.get(cause.spanId);
      if (before !== undefined && depth < 1000) byRequest = parentOf(before, depth + 1);
    }
    const reply = byReply.get(span.spanId);
    const parent =
      byRequest !== undefined && reply !== undefined && byRequest !== reply ? undefined : (byRequest ?? reply);
    chosen.set(span.spanId, parent);
    return parent;
  };
  for (const span of calls.values()) parentOf(span, 0);
  return chosen;
}

/** Scores the chosen parents. `truthOf` says what the call with this span id belongs to; undefined to leave it out. */
export function score(
  parents: ReadonlyMap<string, string | undefined>,
  truthOf: (spanId: string) => string | undefined,
): Score {
  const result: Score = { right: 0, wrong: 0, unknown: 0 };
  for (const [spanId, parent] of parents) {
    const truth = truthOf(spanId);
    if (truth === undefined) continue;
    if (parent === undefined) result.unknown++;
    else if (parent === truth) result.right++;
    else result.wrong++;
  }
  return result;
}
