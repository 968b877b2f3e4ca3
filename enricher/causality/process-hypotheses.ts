import { LruEntry } from '../lru.ts';
import type { Hypothesis } from './hypothesis.ts';
import { newHypotheses } from './hypotheses.ts';

/** What was learned about one process and one kind of context: how well each hypothesis did there. */
export class ProcessHypotheses extends LruEntry {
  readonly all: readonly Hypothesis[] = newHypotheses();
}
