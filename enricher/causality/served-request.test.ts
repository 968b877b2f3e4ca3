import { expect, test } from 'vitest';
import { lineDissector } from '../testing/line-protocol.ts';
import { runAgent } from '../testing/run-agent.ts';
import { anEvent } from '../../schemas/testing/an-event.ts';
import type { ContextKind, SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';

/** Contexts of a Go server: who serves connection 1 and 2, a client connection's writer and reader, and workers. */
const serverA = 11;
const serverB = 12;
const writer = 21;
const reader = 22;
const helper = 31;
const worker = 41;

/** Events of goroutines, in order; sockets below 10 are of clients of this process. */
class Goroutines {
  private readonly events: SocketEvent[] = [];
  private readonly kind: ContextKind;

  constructor(kind: ContextKind = 'goroutine') {
    this.kind = kind;
  }

  private add(text: string, direction: 'ingress' | 'egress', facts: Partial<SocketEvent> & { socketId: number }): this {
    const id = 100 + this.events.length;
    const payload = Buffer.from(text);
    const before = this.events.findLast((event) => event.socketId === facts.socketId);
    const starts = before?.direction !== direction;
    this.events.push(
      anEvent({
        id,
        messageId: starts ? id : before.messageId,
        role: facts.socketId < 10 ? 'server' : 'client',
        contextKind: this.kind,
        // Goroutines share a thread, whose facts would mislead.
        threadId: 5,
        phase: 0,
        after: 0,
        timeOffsetNs: id * 1000,
        direction,
        payload,
        length: payload.length,
        ...facts,
      }),
    );
    return this;
  }

  asked(socketId: number, contextId: number, name: string): this {
    return this.add(`Q ${name} 1\n`, 'ingress', { socketId, contextId });
  }

  replies(socketId: number, contextId: number): this {
    return this.add('A 200\n', 'egress', { socketId, contextId });
  }

  calls(socketId: number, contextId: number, name: string, facts: Partial<SocketEvent> = {}): this {
    return this.add(`Q ${name} 1\n`, 'egress', { socketId, contextId, ...facts });
  }

  answered(socketId: number, contextId: number, facts: Partial<SocketEvent> = {}): this {
    return this.add('A 200\n', 'ingress', { socketId, contextId, ...facts });
  }

  /** The endpoint of the request for which each call was made, by the endpoint of the call. */
  causes(): Record<string, string | undefined> {
    const { spans } = runAgent(this.events, { dissectors: [lineDissector] });
    const causeOf = ({ causes }: Span): string | undefined => {
      expect(causes.length).toBeLessThan(2);
      if (causes[0] !== undefined) expect(causes[0]).toMatchObject({ kind: 'request', rule: 'context', learned: true });
      return spans.find(({ spanId }) => spanId === causes[0]?.spanId)?.endpoint;
    };
    const calls = spans.filter(({ observationPoint }) => observationPoint === 'c-p');
    return Object.fromEntries(calls.map((call) => [call.endpoint, causeOf(call)]));
  }
}

/** Two requests are open. */
const twoAsked = (): Goroutines => new Goroutines().asked(1, serverA, 'a').asked(2, serverB, 'b');

test('a call belongs to the request that its goroutine has read itself', () => {
  const run = twoAsked().calls(10, serverA, 'of-a').answered(10, serverA).replies(2, serverB).replies(1, serverA);
  expect(run.causes()).toStrictEqual({ 'of-a': 'a' });
});

test.each(['coroutine', 'virtual_thread'] as const)('a %s serves what it has read itself, as a goroutine', (kind) => {
  const run = new Goroutines(kind)
    .asked(1, serverA, 'a')
    .asked(2, serverB, 'b')
    .calls(10, serverA, 'of-a')
    .calls(11, serverB, 'of-b')
    .calls(12, worker, 'of-nobody')
    .answered(11, serverB)
    .answered(10, serverA)
    .answered(12, worker)
    .replies(2, serverB)
    .replies(1, serverA);
  expect(run.causes()).toStrictEqual({ 'of-a': 'a', 'of-b': 'b', 'of-nobody': undefined });
});

test("a call of a client's connection belongs to the request of who waits for the answer", () => {
  const run = twoAsked()
    .calls(10, writer, 'of-b', { answersTo: [serverB, 0] })
    .answered(10, reader)
    .calls(10, writer, 'of-a', { answersTo: [serverA, 0] })
    .answered(10, reader)
    .replies(2, serverB)
    .replies(1, serverA);
  expect(run.causes()).toStrictEqual({ 'of-b': 'b', 'of-a': 'a' });
});

test('who waits may be known only when the answer is read, and at the end of a chain', () => {
  const run = twoAsked()
    .calls(10, writer, 'handed', { answersTo: [worker, 1] })
    .answered(10, reader, { answersTo: [serverB, 0] })
    .calls(10, writer, 'chain', { answersTo: [worker, 1, serverA, 0] })
    .answered(10, reader)
    .replies(2, serverB)
    .replies(1, serverA);
  expect(run.causes()).toStrictEqual({ handed: 'b', chain: 'a' });
});

test('a goroutine works for the request that its creator had, and for no later one', () => {
  const run = twoAsked()
    .calls(10, writer, 'during', { answersTo: [helper, serverA] })
    .answered(10, reader)
    .replies(1, serverA)
    .asked(1, serverA, 'later')
    .calls(10, writer, 'after', { answersTo: [helper, serverA] })
    .answered(10, reader)
    .replies(1, serverA)
    .replies(2, serverB);
  expect(run.causes()).toStrictEqual({ during: 'a', after: undefined });
});

test('a goroutine for whose answer none waits works for its creator only if it reads the answer itself', () => {
  const run = twoAsked()
    .calls(10, helper, 'itself', { contextAncestors: [serverA] })
    .answered(10, helper, { contextAncestors: [serverA] })
    .calls(11, writer, 'kept-connection', { contextAncestors: [serverA] })
    .answered(11, reader)
    .replies(1, serverA)
    .replies(2, serverB);
  expect(run.causes()).toStrictEqual({ itself: 'a', 'kept-connection': undefined });
});

test('what could not be read serves nothing', () => {
  const run = new Goroutines()
    .asked(1, 0, 'a')
    .calls(10, 0, 'of-nobody')
    .answered(10, 0)
    .calls(11, writer, 'of-unreadable', { answersTo: [0, 0] })
    .answered(11, reader)
    .replies(1, 0);
  expect(run.causes()).toStrictEqual({ 'of-nobody': undefined, 'of-unreadable': undefined });
});

test('an answered request has no more calls', () => {
  const run = twoAsked().replies(1, serverA).calls(10, serverA, 'late').answered(10, serverA).replies(2, serverB);
  expect(run.causes()).toStrictEqual({ late: undefined });
});
