import { causeRules } from '../../schemas/cause-rules.ts';

/** A rule names the request: from the side of the call's request, by the rule's place among the rules. */
export const requestBit = (rule: number): number => 2 * rule;
/** The same from the side of its response. */
export const responseBit = (rule: number): number => 2 * rule + 1;
/** The request side, or the response side, leads over connections that were handed on. */
export const requestHandoverBit = 2 * causeRules.length;
export const responseHandoverBit = requestHandoverBit + 1;
/** A wake-up after the response of the call names it. */
export const wakeBit = responseHandoverBit + 1;

/** How many values evidence may have. */
export const evidenceValues = 1 << (wakeBit + 1);
