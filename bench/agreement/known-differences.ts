import type { Comparison } from './compare-recording.ts';
import type { Difference } from './compare.ts';
import type { Mode } from './ours.ts';
import type { Recording } from './record.ts';

/** Differences that were judged: why ours is meant, or why tshark's reading is not what happened. */

interface KnownDifference {
  readonly protocol: Recording['protocol'];
  readonly explanation: string;
  /** Only where capture began in the middle of the connection. */
  readonly isJoined?: boolean;
  /** @param mark what is special about the connection */
  readonly matches: (difference: Difference, mark: string | undefined) => boolean;
}

const knownDifferences: readonly KnownDifference[] = [
  {
    protocol: 'http1',
    explanation:
      'requests within a tunnel that CONNECT opened: ours recognises the protocol anew, tshark passes them over',
    matches: ({ kind }, mark) => kind === 'only us' && mark === 'tunnel',
  },
  {
    protocol: 'http1',
    explanation:
      'the response to a pipelined HEAD: tshark takes its Content-Length for a body and swallows what follows',
    matches: ({ kind }, mark) => kind === 'only us' && mark === 'pipelined HEAD',
  },
  {
    protocol: 'http1',
    explanation:
      'a request that was refused before its body was sent: tshark shows requests only with their whole body',
    matches: ({ kind, ours, tshark }) =>
      kind === 'only us' &&
      tshark === undefined &&
      ['POST', 'PUT', 'PATCH'].includes(ours?.request.facts['method'] ?? '') &&
      Number(ours?.response?.facts['code']) >= 400,
  },
  {
    protocol: 'http1',
    explanation: 'a method in lower case: a name like any other (RFC 9110, 9.1), which tshark does not take for one',
    matches: ({ kind, ours }) => kind === 'only us' && /^[a-z]+$/.test(ours?.request.facts['method'] ?? ''),
  },
  {
    protocol: 'http1',
    explanation: 'blank lines in front of a request (RFC 9112, 2.2): tshark does not find the request behind them',
    matches: ({ kind, tshark }, mark) => kind === 'only us' && tshark === undefined && mark === 'blank line',
  },
  {
    protocol: 'mysql',
    explanation: 'a statement with a zero byte in it: tshark ends its text there, the server does not',
    matches: ({ what, facts, ours }) =>
      what === 'request' && facts.join() === 'text' && ours?.request.facts['text']?.includes('\0') === true,
  },
  {
    protocol: 'postgresql',
    explanation:
      'BEGIN that was prepared before capture began: ours has no text of it, so it is no part of the next statement',
    isJoined: true,
    matches: ({ kind, what, facts, ours }, mark) => {
      if (mark !== 'prepared preamble') return false;
      if (kind === 'only us') return true;
      const isNameless = what === 'response' && facts.join() === 'tag' && ours?.request.facts['text'] === '';
      return isNameless && /^(?:BEGIN|START|SAVEPOINT|SET)\b/.test(ours.response?.facts['tag'] ?? '');
    },
  },
];

/** Why a difference is meant; undefined when it is open. */
export function explanationOf(
  { recording, marks }: Comparison,
  { missedShares }: Mode,
  difference: Difference,
): string | undefined {
  const mark = marks.get((difference.tshark ?? difference.ours)?.stream ?? '');
  const wasJoined = missedShares.some((share) => share > 0);
  const known = knownDifferences.find(
    ({ protocol, isJoined = false, matches }) =>
      protocol === recording.protocol && (wasJoined || !isJoined) && matches(difference, mark),
  );
  return known === undefined ? undefined : `${known.protocol}: ${known.explanation}`;
}
