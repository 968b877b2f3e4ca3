/** Which outcomes of records mean that something is missing in what is stored, or incomplete. */

/** How a record ended that was not passed on. */
export type Outcome = 'dropped' | 'rejected';

/** Reasons for which records are left out on purpose, or stand elsewhere: they are no loss, whichever stage names them. */
const harmless: ReadonlySet<string> = new Set([
  'continuation',
  'duplicate',
  'lifecycle',
  'misrecognised',
  'no_protocol',
  'response_without_request',
  'revoked',
  'seen_in_process',
  'settled',
  'unchanged',
]);

/** True when this outcome is a loss. What is rejected is missing, too, although dead letters have it. A reason that is not known is a loss. */
export function isLoss(outcome: Outcome, reason: string): boolean {
  return outcome === 'rejected' || !harmless.has(reason);
}
