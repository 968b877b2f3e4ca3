import type { Sender } from '../dissection/dissector.ts';
import type { Call } from './play.ts';
import type { Random } from '../../core/testing/random.ts';
import type { ExchangeMaker } from './protocol-examples.ts';

/** A conversation as calls, and where each request and response begins in them: `call:offset`. */
export interface Conversation {
  readonly calls: readonly Call[];
  readonly requestsAt: ReadonlyMap<string, number>;
  readonly responsesAt: ReadonlyMap<string, number>;
}

/**
 * Lays exchanges out as calls, cut anywhere. With `overlap` the client sends its next requests before it has all replies;
 * else it waits for all replies to the one to three requests it sent together.
 */
export function layOut(random: Random, make: ExchangeMaker, count: number, overlap: boolean): Conversation {
  const calls: Call[] = [];
  const requestsAt = new Map<string, number>();
  const responsesAt = new Map<string, number>();
  const send = (sender: Sender, messages: readonly Buffer[], first: number): void => {
    const bytes = Buffer.concat(messages);
    const starts: number[] = [];
    let at = 0;
    for (const message of messages) {
      starts.push(at);
      at += message.length;
    }
    const places = sender === 'client' ? requestsAt : responsesAt;
    let sent = 0;
    let next = 0;
    while (sent < bytes.length) {
      const size = random.oneIn(2) ? bytes.length : 1 + random.below(random.oneIn(2) ? 8 : 900);
      const end = Math.min(bytes.length, sent + size);
      for (; next < starts.length && starts[next]! < end; next++) {
        places.set(`${calls.length}:${starts[next]! - sent}`, first + next);
      }
      calls.push({ sender, bytes: bytes.subarray(sent, end) });
      sent = end;
    }
  };
  let asked = 0;
  let answered = 0;
  const waiting: Buffer[] = [];
  while (asked < count || waiting.length > 0) {
    const batch = asked < count ? 1 + random.below(3) : 0;
    const exchanges = Array.from({ length: batch }, (_, index) => make(random, asked + index));
    if (batch > 0)
      send(
        'client',
        exchanges.map((exchange) => exchange.request),
        asked,
      );
    asked += batch;
    waiting.push(...exchanges.map((exchange) => exchange.response));
    const replies = overlap && asked < count ? random.below(waiting.length + 1) : waiting.length;
    if (replies > 0) send('server', waiting.splice(0, replies), answered);
    answered += replies;
  }
  return { calls, requestsAt, responsesAt };
}
