import type { Hypothesis } from './hypothesis.ts';
import { LastReadHypothesis } from './last-read-hypothesis.ts';
import { RequestQueueHypothesis } from './request-queue-hypothesis.ts';
import { PhaseLagHypothesis } from './phase-lag-hypothesis.ts';

/** All hypotheses of what causes a write; of two that are equally sure, the first counts. */
const kinds: readonly (new (index: number) => Hypothesis)[] = [
  LastReadHypothesis,
  PhaseLagHypothesis,
  RequestQueueHypothesis,
];

/** A process' and kind of context's own set of hypotheses, of which nothing is known yet. */
export function newHypotheses(): readonly Hypothesis[] {
  return kinds.map((Kind, index) => new Kind(index));
}
