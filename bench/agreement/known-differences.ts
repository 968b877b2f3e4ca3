import type { Difference } from './compare.ts';
import type { Recording } from './record.ts';

/** Differences that were judged: why ours is meant, or why tshark's reading is not what happened. */

interface KnownDifference {
  readonly protocol: Recording['protocol'];
  readonly explanation: string;
  readonly matches: (difference: Difference, mode: string, recording: Recording) => boolean;
}

const knownDifferences: readonly KnownDifference[] = [];

/** Why a difference is meant; undefined when it is open. */
export function explanationOf(recording: Recording, mode: string, difference: Difference): string | undefined {
  const known = knownDifferences.find(
    ({ protocol, matches }) => protocol === recording.protocol && matches(difference, mode, recording),
  );
  return known === undefined ? undefined : `${known.protocol}: ${known.explanation}`;
}
