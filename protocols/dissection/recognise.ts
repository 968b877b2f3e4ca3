import type { Dissector, RecognitionHints, Sender } from './dissector.ts';

/** What the first bytes of a message turned out to be. */
export interface Recognised {
  readonly kind: 'recognised';
  readonly dissector: Dissector;
  /** Who sent these bytes: `client` when they are a request, `server` when they are a response or a greeting. */
  readonly sender: Sender;
  /** False when what the other end says has yet to confirm it. */
  readonly isProven: boolean;
}

/**
 * The outcome of one try. `undecided`: more bytes of the same message may tell. `either`: it is that protocol, and what the
 * other end says will tell who is who.
 */
export type RecognitionOutcome =
  | Recognised
  | { readonly kind: 'either'; readonly dissector: Dissector }
  | { readonly kind: 'undecided' }
  | { readonly kind: 'no' };

const undecided: RecognitionOutcome = { kind: 'undecided' };
const no: RecognitionOutcome = { kind: 'no' };

/** Asks all dissectors, in order, what the first bytes of a message are; the first that is sure is believed. */
export function recognise(
  dissectors: readonly Dissector[],
  bytes: Buffer,
  hints: RecognitionHints,
): RecognitionOutcome {
  let someUndecided = false;
  for (const dissector of dissectors) {
    const recognition = dissector.recognise(bytes, hints);
    if (recognition === 'request') {
      const isProven = dissector.needsAnswer?.(bytes, hints) !== true;
      return { kind: 'recognised', dissector, sender: 'client', isProven };
    }
    if (recognition === 'response') return { kind: 'recognised', dissector, sender: 'server', isProven: true };
    if (recognition === 'either') return { kind: 'either', dissector };
    if (recognition === 'undecided') someUndecided = true;
  }
  return someUndecided ? undecided : no;
}
