import { type RejectReason, writeDeadLetter } from '../schemas/generated/dead-letter.ts';
import type { OutgoingMessage, ReceivedMessage } from './bus/bus.ts';
import { encodeValue, outgoingMessage } from './codec.ts';
import type { Topic } from './topics.ts';

/** Why a message is put aside, and by whom. */
export interface Refusal {
  readonly stage: string;
  readonly reason: RejectReason;
  /** What a person needs to understand it. */
  readonly detail: string;
}

/** The message that puts another message aside, whole, on the topic dead-letter under the key of its origin topic. */
export function deadLetter(message: ReceivedMessage, refusal: Refusal, nowMs: number): OutgoingMessage {
  const { topic, partition, offset, key, headers, value } = message;
  const timeNs = BigInt(Math.round(nowMs)) * 1_000_000n;
  const letter = { ...refusal, topic, partition, offset, timeNs, key, headers, value };
  return outgoingMessage('dead-letter' satisfies Topic, topic, 'DeadLetter', encodeValue(letter, writeDeadLetter));
}
