import { describe, expect, test } from 'vitest';
import type { Context } from './context.ts';
import { Follower } from './follower.ts';
import type { CallWork, Work } from './work.ts';

const clientSocket = 5;
const otherSocket = 6;
const backendSocket = 7;

/** One thread of a server. */
class Thread {
  readonly follower = new Follower(10);
  readonly context: Context = this.follower.context(1, 0, 1, 0);
  private messages = 0;

  read(...works: readonly Work[]): void {
    this.context.enter(0);
    this.context.seal();
    this.context.read(++this.messages, works, works);
  }

  call(spanId: string): CallWork {
    this.context.enter(0);
    const unit = this.follower.unit(this.context, backendSocket, this.context.readNamed(this.messages));
    return this.follower.call(unit, spanId, backendSocket);
  }

  answered(call: CallWork): void {
    this.context.enter(0);
    this.follower.answer(call, this.context);
    this.read(call);
  }
}

describe('several requests that are open at once', () => {
  test('a reply that had to wait for another one on its connection says nothing of what was read last', () => {
    const thread = new Thread();
    const { follower, context } = thread;
    const first = follower.request(context, 'first', undefined);
    const second = follower.request(context, 'second', first);
    thread.read(first, second);
    const call = thread.call('call');
    thread.answered(call);
    context.enter(0);
    const read = context.readNamed(2);
    expect(follower.reply(first, context, clientSocket, read)).toMatchObject([{ spanId: 'call' }]);
    expect(follower.reply(second, context, clientSocket, read)).toEqual([]);
  });

  test('once its turn has come, a pipelined request is like any other', () => {
    const thread = new Thread();
    const { follower, context } = thread;
    const first = follower.request(context, 'first', undefined);
    const second = follower.request(context, 'second', first);
    thread.read(first, second);
    thread.answered(thread.call('call'));
    context.enter(0);
    follower.reply(first, context, clientSocket, context.readNamed(2));
    thread.answered(thread.call('next call'));
    context.enter(0);
    const causes = follower.reply(second, context, clientSocket, context.readNamed(3));
    expect(causes).toMatchObject([{ spanId: 'next call', learned: true }]);
  });

  test('the last of several replies after one read is no surer of it than the first', () => {
    const thread = new Thread();
    const { follower, context } = thread;
    const one = follower.request(context, 'one', undefined);
    thread.read(one);
    const other = follower.request(context, 'other', undefined);
    thread.read(other);
    thread.answered(thread.call('call'));
    context.enter(0);
    const read = context.readNamed(3);
    const [first] = follower.reply(one, context, clientSocket, read);
    const [last] = follower.reply(other, context, otherSocket, read);
    expect(first).toMatchObject({ spanId: 'call', learned: false });
    expect(last?.learned ?? false).toBe(false);
  });

  test('what waits behind a request is let go with its reply', () => {
    const thread = new Thread();
    const { follower, context } = thread;
    const first = follower.request(context, 'first', undefined);
    const second = follower.request(context, 'second', first);
    expect(second.turnOrder).toBe(Number.POSITIVE_INFINITY);
    follower.abandon(first);
    expect(first.next).toBeUndefined();
    expect(second.turnOrder).toBe(context.order);
  });
});
