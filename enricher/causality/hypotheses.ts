import type { Hypothesis } from './hypothesis.ts';
import { LastReadHypothesis } from './last-read-hypothesis.ts';
import { RequestQueueHypothesis } from './request-queue-hypothesis.ts';
import { NextTurnHypothesis } from './next-turn-hypothesis.ts';
import { inOrderOfReading, lastFreedFirst } from './turn-orders.ts';
import { PhaseLagHypothesis } from './phase-lag-hypothesis.ts';

/** All hypotheses of what causes a write; of two that are equally sure, the first counts. */
const kinds: readonly ((index: number) => Hypothesis)[] = [
  (index) => new LastReadHypothesis(index),
  (index) => new PhaseLagHypothesis(index),
  (index) => new RequestQueueHypothesis(index),
  (index) => new NextTurnHypothesis(index, inOrderOfReading),
  (index) => new NextTurnHypothesis(index, lastFreedFirst),
];

/** A process' and kind of context's own set of hypotheses, of which nothing is known yet. */
export function newHypotheses(): readonly Hypothesis[] {
  return kinds.map((newHypothesis, index) => newHypothesis(index));
}
