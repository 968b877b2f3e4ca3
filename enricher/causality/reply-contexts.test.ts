import { describe, expect, test } from 'vitest';
import { anEvent } from '../../schemas/testing/an-event.ts';
import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { http } from '../../protocols/testing/wire.ts';
import { runAgent } from '../testing/run-agent.ts';

const request = (path: string): string => http([`GET /${path} HTTP/1.1`, 'Host: front']).toString();
const whole = http(['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok').toString();
const beginning = http(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked']).toString();
const end = '2\r\nok\r\n0\r\n\r\n';

interface Context {
  readonly id: number;
  readonly ancestors: readonly number[];
}

const pathOf = ({ requestResource }: Span): string => requestResource.slice(1);

/** Replies of several requests in flight after which contexts are believed. */
const proof = 16;

/** One thread of Python that runs contexts in turn. Sockets below 1000 are of clients of this process. */
class Loop {
  private readonly events: SocketEvent[] = [];
  private nextId = 2 ** 50;
  /** It began before the capture: its id is its address. */
  readonly base: Context = { id: 2 ** 48 + 7, ancestors: [] };

  /** Runs in no context, or in its own. */
  readonly thread: Context = { id: 5, ancestors: [] };

  /** A context that begins as a copy. */
  copy({ id, ancestors }: Context): Context {
    return { id: this.nextId++, ancestors: [id, ...ancestors] };
  }

  private add(text: string, direction: 'ingress' | 'egress', socketId: number, context: Context): void {
    const id = this.nextId++;
    const payload = Buffer.from(text);
    const before = this.events.findLast((event) => event.socketId === socketId);
    this.events.push(
      anEvent({
        id,
        messageId: before?.direction === direction ? before.messageId : id,
        role: socketId < 1000 ? 'server' : 'client',
        contextKind: context === this.thread ? 'thread' : 'python_context',
        contextId: context.id,
        contextAncestors: context.ancestors,
        threadId: 5,
        phase: 0,
        after: 0,
        timeOffsetNs: id * 1000,
        direction,
        payload,
        length: payload.length,
        socketId,
      }),
    );
  }

  asked(socketId: number, name: string, context = this.base): void {
    this.add(request(name), 'ingress', socketId, context);
  }

  replies(socketId: number, context: Context, text = whole): void {
    this.add(text, 'egress', socketId, context);
  }

  /** A call and its answer, which the loop reads for the connection. */
  calls(name: string, context: Context, socketId = 1000): void {
    this.add(request(name), 'egress', socketId, context);
    this.add(whole, 'ingress', socketId, this.base);
  }

  /** Pairs of requests that are answered by contexts of their own. */
  prove(): this {
    for (let pair = 0; pair < proof; pair++) {
      const tasks = [1, 2].map((socketId) => {
        this.asked(socketId, 'proof');
        return this.copy(this.base);
      });
      tasks.forEach((task, index) => this.replies(index + 1, task));
    }
    return this;
  }

  /** The paths of the requests to which each call is given, by the path of the call. */
  causes(): Record<string, string[]> {
    const { spans } = runAgent(this.events, { dissectors });
    const calls = spans.filter(({ observationPoint }) => observationPoint === 'c-p');
    const learned = ({ causes }: Span): readonly string[] =>
      causes.filter((cause) => cause.learned).map(({ spanId }) => spanId);
    const requestsOf = (call: Span): string[] =>
      spans.filter((span) => learned(span).includes(call.spanId) || learned(call).includes(span.spanId)).map(pathOf);
    return Object.fromEntries(calls.map((call) => [pathOf(call), requestsOf(call)]));
  }
}

describe('contexts that a loop runs in turn', () => {
  test('a call belongs to the request to which its context replies', () => {
    const loop = new Loop().prove();
    loop.asked(1, 'a');
    const first = loop.copy(loop.base);
    loop.asked(2, 'b');
    const second = loop.copy(loop.base);
    loop.calls('of-b', second);
    loop.calls('of-a', first);
    loop.replies(1, first);
    loop.replies(2, second);
    expect(loop.causes()).toStrictEqual({ 'of-a': ['a'], 'of-b': ['b'] });
  });

  test('a child that began while the request was open works for it, at any depth', () => {
    const loop = new Loop().prove();
    const connection = loop.copy(loop.base);
    loop.asked(1, 'a');
    loop.asked(2, 'b');
    const other = loop.copy(loop.base);
    const child = loop.copy(connection);
    const grandchild = loop.copy(child);
    loop.calls('of-grandchild', grandchild);
    loop.calls('of-other', loop.copy(other));
    loop.replies(2, other);
    loop.replies(1, connection);
    expect(loop.causes()).toStrictEqual({ 'of-grandchild': ['a'], 'of-other': ['b'] });
  });

  test('a task that outlives its request is no part of the next one of its connection', () => {
    const loop = new Loop().prove();
    const connection = loop.copy(loop.base);
    loop.asked(1, 'first');
    const task = loop.copy(connection);
    loop.replies(1, connection);
    loop.asked(1, 'second');
    loop.asked(2, 'other');
    loop.calls('late', task);
    loop.calls('of-second', connection);
    loop.replies(1, connection);
    loop.replies(2, loop.copy(loop.base));
    expect(loop.causes()).toStrictEqual({ late: [], 'of-second': ['second'] });
  });

  test('a reply that a child writes is one of the contexts that began for the request, and of no older one', () => {
    const loop = new Loop().prove();
    loop.asked(1, 'a');
    const first = loop.copy(loop.base);
    loop.asked(2, 'b');
    const second = loop.copy(loop.base);
    loop.calls('of-a', first);
    loop.calls('of-b', second);
    loop.calls('of-loop', loop.base);
    loop.replies(1, loop.copy(loop.copy(first)));
    loop.replies(2, loop.copy(second));
    expect(loop.causes()).toStrictEqual({ 'of-a': ['a'], 'of-b': ['b'], 'of-loop': [] });
  });

  test('calls between the beginning and the end of a reply belong to its request, and none behind', () => {
    const loop = new Loop().prove();
    loop.asked(1, 'streamed');
    const task = loop.copy(loop.base);
    loop.asked(2, 'other');
    loop.calls('before', task);
    loop.replies(1, task, beginning);
    loop.calls('within', loop.copy(task));
    loop.replies(1, task, end);
    loop.calls('behind', task);
    loop.replies(2, loop.copy(loop.base));
    expect(loop.causes()).toStrictEqual({ before: ['streamed'], within: ['streamed'], behind: [] });
  });

  test('a thread that blocks for what it runs in contexts replies for them', () => {
    const loop = new Loop().prove();
    loop.asked(1, 'a', loop.thread);
    loop.asked(2, 'b');
    const second = loop.copy(loop.base);
    loop.calls('of-a', loop.copy(loop.copy(loop.thread)));
    loop.calls('of-b', second);
    loop.replies(2, second);
    loop.replies(1, loop.thread);
    expect(loop.causes()).toStrictEqual({ 'of-a': ['a'], 'of-b': ['b'] });
  });

  test('where contexts are not seen to begin, their addresses say nothing', () => {
    const loop = new Loop();
    const atOneAddress: Context = { id: 2 ** 48 + 1, ancestors: [] };
    for (let pair = 0; pair < 2 * proof; pair++) {
      for (const socketId of [1, 2]) loop.asked(socketId, `request-${socketId}`);
      for (const socketId of [1, 2]) {
        loop.calls(`call-${2 * pair + socketId}`, { id: 2 ** 48 + 16 * socketId, ancestors: [] });
        loop.replies(socketId, { id: 2 ** 48 + 16 * socketId, ancestors: [] });
      }
    }
    loop.asked(1, 'a');
    loop.asked(2, 'b');
    loop.calls('of-child-of-b', atOneAddress);
    loop.replies(1, atOneAddress);
    loop.replies(2, loop.base);
    for (const requests of Object.values(loop.causes())) expect(requests).toStrictEqual([]);
  });

  test('an old context is known by its address where others are seen to begin', () => {
    const loop = new Loop().prove();
    const old: Context = { id: 2 ** 48 + 1, ancestors: [] };
    loop.asked(1, 'a');
    loop.asked(2, 'b');
    loop.calls('of-a', old);
    loop.replies(1, old);
    loop.replies(2, loop.copy(loop.base));
    expect(loop.causes()).toStrictEqual({ 'of-a': ['a'] });
  });

  test('replies that could not have shown it do not prove that contexts work for one request at a time', () => {
    const loop = new Loop();
    loop.asked(3, 'stream');
    const stream = loop.copy(loop.base);
    loop.replies(3, stream, beginning);
    const shared = loop.copy(loop.base);
    for (let one = 0; one < 4 * proof; one++) {
      loop.asked(1, 'sequential');
      loop.replies(1, shared);
    }
    loop.asked(1, 'a');
    loop.asked(2, 'b');
    loop.calls('of-b', shared);
    loop.replies(1, shared);
    loop.replies(2, shared);
    expect(loop.causes()).toStrictEqual({ 'of-b': [] });
  });

  test('contexts that go on after a reply are believed no longer', () => {
    const loop = new Loop().prove();
    const connection = loop.copy(loop.base);
    for (let one = 0; one < 4; one++) {
      loop.asked(1, `request-${one}`);
      loop.asked(2, 'other');
      loop.replies(1, connection);
      loop.calls(`late-${one}`, connection);
      loop.replies(2, loop.copy(loop.base));
    }
    loop.asked(1, 'a');
    loop.asked(2, 'b');
    loop.calls('late', connection);
    loop.replies(1, connection);
    loop.replies(2, loop.copy(loop.base));
    expect(loop.causes()).toMatchObject({ late: [] });
  });

  test('pipelined requests of one connection prove nothing, either way', () => {
    const loop = new Loop().prove();
    for (let pair = 0; pair < 4; pair++) {
      loop.asked(1, 'first');
      loop.asked(1, 'second');
      const connection = loop.copy(loop.base);
      loop.replies(1, connection);
      loop.replies(1, connection);
    }
    loop.asked(1, 'a');
    loop.asked(2, 'b');
    const task = loop.copy(loop.base);
    loop.calls('of-a', task);
    loop.replies(1, task);
    loop.replies(2, loop.copy(loop.base));
    expect(loop.causes()).toStrictEqual({ 'of-a': ['a'] });
  });

  test('contexts that work for several requests at once say nothing', () => {
    const loop = new Loop();
    for (let pair = 0; pair < 4 * proof; pair++) {
      for (const socketId of [1, 2]) loop.asked(socketId, `request-${socketId}`);
      loop.calls(`call-${pair}`, loop.base);
      for (const socketId of [1, 2]) loop.replies(socketId, loop.base);
    }
    expect(Object.values(loop.causes())).toStrictEqual(Array.from({ length: 4 * proof }, () => []));
  });

  test('contexts that begin to work for several requests at once are believed no longer', () => {
    const loop = new Loop().prove();
    const shared = loop.copy(loop.base);
    for (let pair = 0; pair < 8; pair++) {
      for (const socketId of [1, 2]) loop.asked(socketId, `request-${socketId}`);
      for (const socketId of [1, 2]) loop.replies(socketId, shared);
    }
    loop.asked(1, 'a');
    const first = loop.copy(loop.base);
    loop.asked(2, 'b');
    loop.calls('of-a', first);
    loop.replies(1, first);
    loop.replies(2, loop.copy(loop.base));
    expect(loop.causes()).toStrictEqual({ 'of-a': [] });
  });

  test('before they are proven, and while one request is open, they are no more than another rule', () => {
    const loop = new Loop();
    for (let pair = 0; pair < 2 * proof; pair++) {
      loop.asked(1, 'alone');
      const task = loop.copy(loop.base);
      loop.calls(`call-${pair}`, task);
      loop.replies(1, task);
    }
    for (const requests of Object.values(loop.causes())) expect(requests.length).toBeLessThan(2);
  });
});
