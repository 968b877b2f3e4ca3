import type { Reason } from './generated/span.ts';

/**
 * Rules by which a cause candidate names its span (`Cause.rule`): `context`, the request that the execution context serves,
 * works for or replies to; `last_read`, the message that it read last; `queue`, the one whose turn it is, first in, first out.
 * Several hypotheses may have one rule. The correlator decides by each rule apart, in this order.
 *
 * Candidates by the rule `wake` are hints, whom a thread woke when it had read a response. They decide nothing by themselves, but for
 * what is likely anyway: joint assignment.
 */
export const causeRules = ['context', 'last_read', 'queue'] as const satisfies readonly Reason[];

export type CauseRule = (typeof causeRules)[number];
