/** The causal facts on the running kernel: what sets those of a thread, what leaves them and what clears them. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import { canCapture, LiveEvents, python, textOf } from './testing/live-events.ts';

describe.skipIf(!canCapture())('what a thread read last', () => {
  let live: LiveEvents;
  beforeAll(() => {
    live = new LiveEvents();
  });
  afterAll(() => live.capture.stop());

  /** The one event with this payload and direction. */
  const find = (events: readonly SocketEvent[], direction: 'ingress' | 'egress', text: string): SocketEvent => {
    const found = events.filter((event) => event.direction === direction && textOf(event) === text);
    expect(found.map(textOf)).toEqual([text]);
    return found[0]!;
  };

  /** Reads 'cause', runs `between`, writes 'effect'. */
  const around = async (between: string): Promise<{ cause: SocketEvent; effect: SocketEvent }> => {
    const events = await live.eventsOf(
      ...python(`
one, two = pair(); client, server = pair(); ready, steady = socket.socketpair()
one.send(b'cause'); two.recv(100)
${between}
server.send(b'effect'); os._exit(0)`),
    );
    return { cause: find(events, 'ingress', 'cause'), effect: find(events, 'egress', 'effect') };
  };

  it('is left by writes: all that follow a read have it as their cause', async () => {
    const events = await live.eventsOf(
      ...python(`
one, two = pair(); client, server = pair()
server.send(b'before'); one.send(b'cause'); two.recv(100)
server.send(b'first'); server.send(b'second'); two.send(b'third'); os._exit(0)`),
    );
    const cause = find(events, 'ingress', 'cause');
    expect(find(events, 'egress', 'before').after).toBe(0);
    for (const text of ['first', 'second', 'third']) expect(find(events, 'egress', text).after).toBe(cause.id);
  });

  it('stays with a message over all its reads', async () => {
    const events = await live.eventsOf(
      ...python(`
one, two = pair(); three, four = pair(); client, server = pair()
one.send(b'head-body'); two.recv(5)
three.send(b'other'); four.recv(100)
two.recv(100); server.send(b'effect'); os._exit(0)`),
    );
    const head = find(events, 'ingress', 'head-');
    expect(find(events, 'ingress', 'body')).toMatchObject({
      messageId: head.id,
      after: find(events, 'ingress', 'other').id,
    });
    // Whoever reads the last bytes of a message goes on with its work, not with what was read in between.
    expect(find(events, 'egress', 'effect').after).toBe(head.id);
  });

  it('is the message that a connection ended with, when its end is read later', async () => {
    const events = await live.eventsOf(
      ...python(`
one, two = pair(); three, four = pair(); client, server = pair()
one.send(b'cause'); two.recv(100)
three.send(b'other'); four.recv(100)
two.recv(0); one.close(); two.recv(100); server.send(b'effect'); two.recv(100); os._exit(0)`),
    );
    const cause = find(events, 'ingress', 'cause');
    const ends = events.filter((event) => event.kind === 'data' && event.length === 0);
    const other = find(events, 'ingress', 'other');
    expect(ends).toMatchObject([{ direction: 'ingress', messageId: cause.id, after: other.id, tcpSequence: 0 }]);
    expect(find(events, 'egress', 'effect').after).toBe(cause.id);
  });

  it('is left by the end of a connection whose last message was read last, or was written', async () => {
    const events = await live.eventsOf(
      ...python(`
one, two = pair(); three, four = pair(); client, server = pair()
one.send(b'cause'); two.recv(100); one.close(); two.recv(100); server.send(b'effect')
four.send(b'last'); three.recv(100); three.close(); four.recv(100)
a = open('/dev/null', 'rb', buffering=0); a.read(10); os._exit(0)`),
    );
    expect(events.filter((event) => event.kind === 'data' && event.length === 0)).toEqual([]);
    expect(find(events, 'egress', 'effect').after).toBe(find(events, 'ingress', 'cause').id);
  });

  it.each([
    ['epoll_wait', `poll = select.epoll(); poll.register(steady); poll.poll(0)`],
    ['poll on two sockets', `poll = select.poll(); poll.register(steady); poll.register(two); poll.poll(0)`],
    ['select on two sockets', `select.select([steady, two], [], [], 0)`],
    ['select on one socket for reading and another for writing', `select.select([steady], [two], [], 0)`],
    ['a read of an eventfd', `wake = os.eventfd(1); os.read(wake, 8)`],
  ])('is cleared, and a phase begins, by %s', async (_name, between) => {
    const { cause, effect } = await around(between);
    expect(effect).toMatchObject({ after: 0, phase: cause.phase + 1 });
  });

  it.each([
    ['nothing', `pass`],
    ['poll on one socket', `poll = select.poll(); poll.register(steady); poll.poll(0)`],
    ['select on one socket', `select.select([steady], [], [], 0)`],
    ['a sleep', `time.sleep(0.01); select.select([], [], [], 0.01)`],
    ['a read of a pipe', `r, w = os.pipe(); os.write(w, b'x'); os.read(r, 1)`],
    ['a read of a file', `open('/proc/self/stat').read()`],
    [
      'a read without data',
      `
two.setblocking(False)
try: two.recv(10)
except BlockingIOError: pass`,
    ],
  ])('is left by %s', async (_name, between) => {
    const { cause, effect } = await around(between);
    expect(effect).toMatchObject({ after: cause.id, phase: cause.phase });
  });

  it('belongs to one thread', async () => {
    const events = await live.eventsOf(
      ...python(`
import threading
one, two = pair(); client, server = pair()
one.send(b'cause'); two.recv(100)
worker = threading.Thread(target=lambda: client.send(b'elsewhere')); worker.start(); worker.join()
client.send(b'here'); os._exit(0)`),
    );
    const cause = find(events, 'ingress', 'cause');
    expect(find(events, 'egress', 'here').after).toBe(cause.id);
    const elsewhere = find(events, 'egress', 'elsewhere');
    expect(elsewhere.after).toBe(0);
    expect(elsewhere.processId).toBe(cause.processId);
    expect(elsewhere.threadId).not.toBe(cause.threadId);
  });

  describe('in a Node server', () => {
    const script = `
      import { createServer, connect } from 'node:net';
      const backend = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1', () => {
        const client = connect(backend.address().port, '127.0.0.1', () => client.write('hello'));
        const serve = {
          direct: (text) => client.write('after ' + text),
          timer: (text) => setTimeout(() => client.write('after ' + text), 20),
          immediate: (text) => setImmediate(() => client.write('after ' + text)),
          promise: async (text) => { await null; await null; client.write('after ' + text); },
          connection: (text) => connect(backend.address().port, '127.0.0.1', function () { this.write('after ' + text); }),
          thread: (text) => import('node:fs').then(({ readFile }) => readFile('/proc/self/stat', () => client.write('after ' + text))),
        };
        const server = createServer((socket) => socket.on('data', (data) => serve[String(data)](String(data))))
          .listen(0, '127.0.0.1', () => console.log(server.address().port));
      });
      process.stdin.on('end', () => process.exit(0)).resume();`;

    const serve = async (...requests: readonly string[]): Promise<SocketEvent[]> => {
      await live.capture.inspectPrograms(process.pid, false);
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const port = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))));
      const ended = new Promise((resolve) => child.on('close', resolve));
      await live.eventsOf(
        ...python(`
for request in ${JSON.stringify(requests)}:
    client = socket.create_connection(('127.0.0.1', ${port.trim()})); client.send(request.encode()); time.sleep(0.06)`),
      );
      child.stdin.end();
      await ended;
      return live.ofProcess(child.pid!);
    };

    it('is the request, for calls made at once, after promises and over new connections', async () => {
      const events = await serve('direct', 'promise', 'connection');
      for (const name of ['direct', 'promise', 'connection'])
        expect(find(events, 'egress', `after ${name}`).after).toBe(find(events, 'ingress', name).id);
      expect(find(events, 'egress', 'after connection').connectId).toBeGreaterThan(0);
    });

    it('is unknown for calls from a timer, from setImmediate and after work in the thread pool', async () => {
      const events = await serve('timer', 'immediate', 'thread');
      for (const name of ['timer', 'immediate', 'thread']) {
        expect(find(events, 'egress', `after ${name}`).after).toBe(0);
        expect(find(events, 'egress', `after ${name}`).phase).toBeGreaterThan(find(events, 'ingress', name).phase);
      }
    });
  });
});
