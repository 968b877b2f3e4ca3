import type { Reason } from './generated/span.ts';

/**
 * Rules by which a cause candidate names its span (`Cause.rule`): `last_read`, the message that the context read last; `queue`,
 * the one whose turn it is, first in, first out. Several hypotheses may have one rule. The correlator decides by each rule
 * apart, in this order.
 */
export const causeRules = ['last_read', 'queue'] as const satisfies readonly Reason[];

export type CauseRule = (typeof causeRules)[number];
