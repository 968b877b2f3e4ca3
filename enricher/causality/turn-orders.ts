/** Which of the messages that were due each write of a turn continues, once it is known how many writes each leads to. */
import { type Arrival, type InboundRequest, rootOf, type Write } from './messages.ts';

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
  const result = { messages, contradicted: undefined };
  if (counts.includes(undefined)) return result;
  const left = new Set(due.flatMap((arrival, index) => Array.from({ length: counts[index]! }, () => ({ arrival }))));
  const answers = new Map<InboundRequest, { readonly arrival: Arrival }[]>();
  let unknown = 0;
  for (const each of left) {
    const root = rootOf(each.arrival.message, hypothesis);
    if (root === undefined) unknown++;
    else answers.set(root, [...(answers.get(root) ?? []), each]);
  }
  let strangers = 0;
  writes.forEach(({ reply }, index) => {
    if (reply === undefined) return;
    const answer = answers.get(reply)?.shift();
    if (answer === undefined) strangers++;
    else {
      messages[index] = answer.arrival;
      left.delete(answer);
    }
  });
  if (strangers > 0) {
    // Responses of which it is not known whose they are led to these replies, or else one is given to the wrong request.
    const known = [...left].filter(({ arrival }) => rootOf(arrival.message, hypothesis) !== undefined);
    if (unknown !== strangers) {
      const contradicted = known.find(({ arrival }) => arrival.message.kind === 'response')?.arrival;
      return { messages: writes.map(() => undefined), contradicted };
    }
    left.clear();
    for (const each of known) left.add(each);
  }
  takeLastFreed([...left], writes, messages);
  return result;
};

/** Gives each message that is left the connection on top of the stack of those that were free when it was read. */
function takeLastFreed(
  left: readonly { readonly arrival: Arrival }[],
  writes: readonly Write[],
  messages: (Arrival | undefined)[],
): void {
  const freed = writes
    .map((write, index) => ({ index, order: write.reply === undefined ? (write.calls[0]?.freedOrder ?? 0) : 0 }))
    .filter(({ order }) => order > 0)
    .sort((one, other) => one.order - other.order);
  const stack: number[] = [];
  let next = 0;
  for (const { arrival } of left) {
    for (; next < freed.length && freed[next]!.order <= arrival.order; next++) stack.push(freed[next]!.index);
    const taken = stack.pop();
    if (taken === undefined) return;
    messages[taken] = arrival;
  }
}
