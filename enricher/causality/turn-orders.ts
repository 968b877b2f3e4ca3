/** Which of the messages that were due each write of a turn continues, once it is known how many writes each leads to. */
import { type Arrival, rootOf, type Write } from './messages.ts';

/** What each write of a turn continues. */
export interface Assigned {
  /** The message of each write; undefined where that is open. */
  readonly messages: readonly (Arrival | undefined)[];
  /** A response of which the request was not answered, while another was: one of them is given to the wrong request. */
  readonly contradicted: Arrival | undefined;
}

/**
 * @param due - messages in the order of reading
 * @param counts - writes of each message; undefined where that is not known
 * @param writes - of the turn, in order
 * @param hypothesis - by which calls are given to requests
 */
export type TurnOrder = (
  due: readonly Arrival[],
  counts: readonly (number | undefined)[],
  writes: readonly Write[],
  hypothesis: number,
) => Assigned;

/** Writes are in the order of the messages: from the front and from the back as far as their numbers are known. */
export const inOrderOfReading: TurnOrder = (due, counts, writes) => {
  const assigned: (Arrival | undefined)[] = writes.map(() => undefined);
  let front = 0;
  let index = 0;
  for (; index < due.length && counts[index] !== undefined; index++)
    for (let count = counts[index]!; count > 0; count--) assigned[front++] = due[index];
  if (index === due.length) return { messages: assigned, contradicted: undefined };
  let back = writes.length;
  for (index = due.length - 1; counts[index] !== undefined; index--)
    for (let count = counts[index]!; count > 0; count--) assigned[--back] = due[index];
  return { messages: assigned, contradicted: undefined };
};

/**
 * Each message took the connection that had been freed last, as from a stack of those that were free when it was read; when the
 * connections are written to is another order (Envoy). Replies go where their requests came from.
 */
export const lastFreedFirst: TurnOrder = (due, counts, writes, hypothesis) => {
  const messages: (Arrival | undefined)[] = writes.map(() => undefined);
  const nothing = { messages, contradicted: undefined };
  if (counts.includes(undefined)) return nothing;
  let left = due.flatMap((arrival, index) => Array.from({ length: counts[index]! }, () => arrival));
  let strangers = 0;
  writes.forEach(({ reply }, index) => {
    if (reply === undefined) return;
    const at = left.findIndex(({ message }) => rootOf(message, hypothesis) === reply);
    if (at < 0) strangers++;
    else [messages[index]] = left.splice(at, 1);
  });
  if (strangers > 0) {
    // Responses of which it is not known whose they are may have led to these replies.
    const known = left.filter(({ message }) => rootOf(message, hypothesis) !== undefined);
    if (left.length - known.length !== strangers)
      return {
        messages: writes.map(() => undefined),
        contradicted: known.find(({ message }) => message.kind === 'response'),
      };
    left = known;
  }
  for (const arrival of left) {
    const taken = lastFreedBefore(arrival, writes, messages);
    if (taken < 0) return nothing;
    messages[taken] = arrival;
  }
  return nothing;
};

/** Index of the call, among those without a message, on the connection that was freed last before a message was read; -1: none. */
function lastFreedBefore(
  { order }: Arrival,
  writes: readonly Write[],
  messages: readonly (Arrival | undefined)[],
): number {
  let best = -1;
  let bestOrder = 0;
  writes.forEach((write, index) => {
    const freedOrder = write.calls[0]?.freedOrder ?? 0;
    if (messages[index] !== undefined || freedOrder <= bestOrder || freedOrder > order) return;
    best = index;
    bestOrder = freedOrder;
  });
  return best;
}
