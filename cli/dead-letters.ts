import type { Bus, ReceivedMessage } from '../core/bus/bus.ts';
import { decodeValue } from '../core/codec.ts';
import type { Topic } from '../core/topics.ts';
import { type DeadLetter, readDeadLetter, type RejectReason } from '../schemas/generated/dead-letter.ts';
import { readTopic } from './bus/read-topic.ts';

/** A letter, and where on the topic dead-letter it lies. */
export interface FiledLetter {
  readonly letter: DeadLetter;
  readonly at: Pick<ReceivedMessage, 'partition' | 'offset'>;
}

/** Which letters are meant; all that is given must hold. */
export interface LetterFilter {
  readonly stage?: string;
  readonly reason?: RejectReason;
  /** Topic it came from. */
  readonly topic?: string;
  /** Refused at or after this time, in milliseconds since the Unix epoch. */
  readonly sinceMs?: number;
}

/** Whether a letter is meant by a filter. */
export function matches(letter: DeadLetter, { stage, reason, topic, sinceMs }: LetterFilter): boolean {
  return (
    (stage === undefined || letter.stage === stage) &&
    (reason === undefined || letter.reason === reason) &&
    (topic === undefined || letter.topic === topic) &&
    (sinceMs === undefined || letter.timeNs >= BigInt(Math.floor(sinceMs)) * 1_000_000n)
  );
}

/** What reading the letters came across besides them. */
export interface LetterCounts {
  /** Messages on the topic dead-letter that are no letters. */
  unreadable: number;
}

/** The letters that a filter means, in the order of each partition. */
export async function* readLetters(
  bus: Bus,
  filter: LetterFilter,
  counts: LetterCounts,
  signal: AbortSignal,
): AsyncGenerator<FiledLetter, void, undefined> {
  for await (const message of readTopic(bus, 'dead-letter' satisfies Topic, signal)) {
    const decoded = decodeValue<DeadLetter>('DeadLetter', message, readDeadLetter);
    if (decoded.kind === 'rejected') counts.unreadable++;
    else if (matches(decoded.value, filter))
      yield { letter: decoded.value, at: { partition: message.partition, offset: message.offset } };
  }
}

/** The newest of some letters, by the time of their refusal; the older ones first. */
export async function newestLetters(
  letters: AsyncIterable<FiledLetter>,
  limit: number,
): Promise<readonly FiledLetter[]> {
  let kept: FiledLetter[] = [];
  const byTime = (left: FiledLetter, right: FiledLetter): number =>
    left.letter.timeNs < right.letter.timeNs ? -1 : left.letter.timeNs > right.letter.timeNs ? 1 : 0;
  for await (const letter of letters) {
    kept.push(letter);
    if (kept.length >= 2 * limit) kept = kept.sort(byTime).slice(-limit);
  }
  return kept.sort(byTime).slice(-limit);
}
