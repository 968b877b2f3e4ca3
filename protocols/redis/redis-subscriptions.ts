import { latin1Text } from '../dissection/ascii.ts';
import { subscriptions } from './redis-commands.ts';
import type { AskedChannels } from './redis-messages.ts';
import { lineBreakAfter, readCount, respType } from './resp.ts';

/**
 * Which values of a server answer nothing, where a connection is subscribed: messages, and confirmations behind the first
 * one of a command, one for each channel. RESP3 sends both as pushes, so that an array is always a reply; in RESP2 they are
 * arrays like replies, but a subscribed connection has no other arrays than those, save PING's.
 */

const maxWordBytes = 128;
/** Messages by the number of their values. */
const messageValues: ReadonlyMap<string, number> = new Map([
  ['message', 3],
  ['smessage', 3],
  ['pmessage', 4],
]);

/** The beginning of an array or push. */
export interface PublishedHead {
  /** The first value, lower case. */
  readonly word: string;
  /** The second value; undefined where it is null or not there. */
  readonly channel: string | undefined;
  /** The third value, of a confirmation: subscriptions that there are then; -1 where it is not there. */
  readonly subscriptions: number;
  /** Whether all of this was there to be read. */
  readonly isWhole: boolean;
}

/** The subscriptions of one connection; see the top of the file. */
export class RedisSubscriptions {
  /** Whether the last confirmation left any. */
  active = false;
  private verb = '';
  /** Confirmations still to come of the command that was answered last. */
  private left = 0;

  /** The connection was reset. */
  end(): void {
    this.active = false;
    this.left = 0;
  }

  /**
   * Whether an array or push is the reply to the command that waits longest.
   *
   * @param next - what it asked to be subscribed to, `none` where no command waits, `other` for any other command
   */
  isReply(
    { isPush, isResp3, count }: { readonly isPush: boolean; readonly isResp3: boolean; readonly count: number },
    head: PublishedHead,
    next: AskedChannels | 'none' | 'ping' | 'other',
  ): boolean {
    const verb = head.word.toUpperCase();
    if (subscriptions.has(verb) && (isPush || (!isResp3 && count === 3)))
      return this.confirms(verb, head, next, isPush);
    if (isPush) return false;
    if (isResp3 || messageValues.get(head.word) !== count) return true;
    return !this.active && next === 'other';
  }

  private confirms(
    verb: string,
    head: PublishedHead,
    next: AskedChannels | 'none' | 'ping' | 'other',
    isPush: boolean,
  ): boolean {
    const isMeant = typeof next !== 'string' && next.verb === verb && next.first === head.channel;
    if (this.left > 0 && this.verb === verb && !(isMeant && this.left === Number.POSITIVE_INFINITY)) {
      this.left--;
      this.count(head);
      return false;
    }
    if (typeof next !== 'string' && matches(next, verb, head)) {
      this.verb = verb;
      this.left = next.count === undefined ? Number.POSITIVE_INFINITY : next.count - 1;
      // Nothing to unsubscribe from: the only confirmation.
      if (head.channel === undefined && head.isWhole) this.left = 0;
      this.active = true;
      this.count(head);
      return true;
    }
    // An array that happens to look like one is the reply to a command which is no subscription.
    if (!isPush && !this.active && next === 'other') return true;
    this.count(head);
    return false;
  }

  private count(head: PublishedHead): void {
    if (head.subscriptions < 0) return;
    this.active = head.subscriptions > 0;
    if (head.subscriptions === 0 && this.left === Number.POSITIVE_INFINITY) this.left = 0;
  }
}

function matches(asked: AskedChannels, verb: string, head: PublishedHead): boolean {
  if (asked.verb !== verb) return false;
  return asked.first === undefined || head.channel === undefined || head.channel === asked.first;
}

/** Whether this is the confirmation of that subscription and of no other. */
export function confirmsOnly(asked: AskedChannels | undefined, head: PublishedHead | undefined): boolean {
  if (asked === undefined || head?.channel === undefined) return false;
  return asked.verb === head.word.toUpperCase() && asked.first === head.channel;
}

/** Reads the first values at `at`; undefined when not even the first is all there. */
export function readPublishedHead(bytes: Buffer, at: number, end: number): PublishedHead | undefined {
  const first = readText(bytes, at, end);
  if (first === undefined) return undefined;
  const word = first.text?.toLowerCase() ?? '';
  const second = readText(bytes, first.next, end);
  if (second === undefined) return { word, channel: undefined, subscriptions: -1, isWhole: false };
  const channel = second.text;
  const lineEnd = second.next < end ? lineBreakAfter(bytes, second.next, end) : -1;
  if (lineEnd < 0) return { word, channel, subscriptions: -1, isWhole: false };
  const isCount = bytes[second.next] === respType.integer;
  const count = isCount ? readCount(bytes, second.next + 1, lineEnd) : -1;
  return { word, channel, subscriptions: count >= 0 ? count : -1, isWhole: true };
}

/** A string and where the next value begins; its text is undefined when it is null, or no string. */
function readText(
  bytes: Buffer,
  at: number,
  end: number,
): { readonly text: string | undefined; readonly next: number } | undefined {
  const lineEnd = at < end ? lineBreakAfter(bytes, at, end) : -1;
  if (lineEnd < 0) return undefined;
  const isBulk = bytes[at] === respType.bulk;
  if (!isBulk) {
    const isText = bytes[at] === respType.simple;
    return { text: isText ? latin1Text(bytes, at + 1, Math.min(lineEnd, at + 33)) : undefined, next: lineEnd + 2 };
  }
  const length = readCount(bytes, at + 1, lineEnd);
  if (length < 0) return { text: undefined, next: lineEnd + 2 };
  const start = lineEnd + 2;
  if (start + length > end) return undefined;
  return { text: bytes.toString('utf8', start, start + Math.min(length, maxWordBytes)), next: start + length + 2 };
}
