import { type DeadLetter, type RejectReason, writeDeadLetter } from '../schemas/generated/dead-letter.ts';
import type { OutgoingMessage, ReceivedMessage } from './bus/bus.ts';
import { encodeValue, outgoingMessage } from './codec.ts';
import type { Counters } from './stage/accounting.ts';
import type { Topic } from './topics.ts';

/** Why a message becomes a dead letter, and which stage says so. */
export interface Refusal {
  readonly stage: string;
  readonly reason: RejectReason;
  /** What a person needs to understand it. */
  readonly detail: string;
}

/** The dead letter of a message: contains it whole, for the topic dead-letter, under the key of its topic. */
export function deadLetter(message: ReceivedMessage, refusal: Refusal, nowMs: number): OutgoingMessage {
  const { topic, partition, offset, key, headers, value } = message;
  const timeNs = BigInt(Math.round(nowMs)) * 1_000_000n;
  const letter = { ...refusal, topic, partition, offset, timeNs, key, headers, value };
  return outgoingMessage('dead-letter' satisfies Topic, topic, 'DeadLetter', encodeValue(letter, writeDeadLetter));
}

/**
 * Makes the dead letter of a message whose value a stage cannot read, and counts it as one record received and rejected, since
 * the number of its records is unknown.
 */
export function refuse<Reason extends RejectReason>(
  message: ReceivedMessage,
  counters: Pick<Counters<never, Reason>, 'receive' | 'reject'>,
  refusal: Refusal & { readonly reason: Reason },
  nowMs: number,
): OutgoingMessage {
  counters.receive();
  counters.reject(refusal.reason);
  return deadLetter(message, refusal, nowMs);
}

/** Name of the header by which a replayed message is known: the partition and the offset of its letter, `0/17`. */
export const replayedFromHeader = 'replayed-from';

/**
 * The original message of a letter, with the same key, headers and bytes, for the topic it came from. Replaying a letter twice
 * sends the same message twice.
 */
export function replayOf(
  letter: Pick<DeadLetter, 'topic' | 'key' | 'headers' | 'value'>,
  at: Pick<ReceivedMessage, 'partition' | 'offset'>,
): OutgoingMessage {
  const { topic, key, value } = letter;
  const headers = { ...letter.headers, [replayedFromHeader]: `${at.partition}/${at.offset}` };
  return { topic, key, value, headers };
}
