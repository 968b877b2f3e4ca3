import { describe, expect, test } from 'vitest';
import type { ContextKind } from '../../schemas/generated/event-batch.ts';
import { Causality, type ContextName } from './causality.ts';
import type { ExecutionContext } from './execution-context.ts';
import type { InboundMessage, InboundResponse } from './messages.ts';

const clientSocket = 5;
const otherSocket = 6;
const backendSocket = 7;

const named = (contextKind: ContextKind, contextId: number): ContextName => ({
  processId: 1,
  contextKind,
  contextId,
  threadId: 1,
  contextAncestors: [],
});

/** One thread of a server. */
class Thread {
  readonly causality = new Causality(10);
  readonly context: ExecutionContext = this.causality.context(named('thread', 1), 0);
  private messages = 0;

  read(...messages: readonly InboundMessage[]): void {
    this.context.enter(0);
    this.context.readBegins();
    this.context.read(++this.messages, messages, messages);
  }

  call(spanId: string): InboundResponse {
    this.context.enter(0);
    const write = this.causality.write(this.context, backendSocket, this.context.readNamed(this.messages));
    return this.causality.call(write, spanId, backendSocket);
  }

  answered(call: InboundResponse): void {
    this.context.enter(0);
    this.causality.answer(call, this.context);
    this.read(call);
  }
}

describe('several requests that are open at once', () => {
  test('a reply that had to wait for another one on its connection says nothing of what was read last', () => {
    const thread = new Thread();
    const { causality, context } = thread;
    const first = causality.request(context, 'first', 1, '', false);
    const second = causality.request(context, 'second', 2, '', true);
    thread.read(first, second);
    const call = thread.call('call');
    thread.answered(call);
    context.enter(0);
    const read = context.readNamed(2);
    expect(causality.reply(first, context, clientSocket, read)).toMatchObject([{ spanId: 'call' }]);
    causality.end(first);
    causality.unblocked(second);
    expect(causality.reply(second, context, clientSocket, read)).toEqual([]);
  });

  test('once its order has come, a pipelined request is like any other', () => {
    const thread = new Thread();
    const { causality, context } = thread;
    const first = causality.request(context, 'first', 1, '', false);
    const second = causality.request(context, 'second', 2, '', true);
    thread.read(first, second);
    thread.answered(thread.call('call'));
    context.enter(0);
    causality.reply(first, context, clientSocket, context.readNamed(2));
    causality.end(first);
    causality.unblocked(second);
    thread.answered(thread.call('next call'));
    context.enter(0);
    const causes = causality.reply(second, context, clientSocket, context.readNamed(3));
    expect(causes).toMatchObject([{ spanId: 'next call', learned: true }]);
  });

  test('the last of several replies after one read is no surer of it than the first', () => {
    const thread = new Thread();
    const { causality, context } = thread;
    const one = causality.request(context, 'one', 1, '', false);
    thread.read(one);
    const other = causality.request(context, 'other', 2, '', false);
    thread.read(other);
    thread.answered(thread.call('call'));
    context.enter(0);
    const read = context.readNamed(3);
    const [first] = causality.reply(one, context, clientSocket, read);
    const [last] = causality.reply(other, context, otherSocket, read);
    expect(first).toMatchObject({ spanId: 'call', learned: false });
    expect(last?.learned ?? false).toBe(false);
  });

  test('a request is unblocked at the moment when the one before it is over', () => {
    const thread = new Thread();
    const { causality, context } = thread;
    const second = causality.request(context, 'second', 2, '', true);
    expect(second.unblockedOrder).toBe(Number.POSITIVE_INFINITY);
    causality.unblocked(second);
    const order = context.order;
    context.enter(0);
    causality.unblocked(second);
    expect(second.unblockedOrder).toBe(order);
  });
});

test('contexts of two kinds with the same id are two contexts', () => {
  const causality = new Causality(10);
  const thread = causality.context(named('thread', 5), 0);
  expect(causality.context(named('goroutine', 5), 0)).not.toBe(thread);
  expect(causality.context(named('thread', 5), 0)).toBe(thread);
});
