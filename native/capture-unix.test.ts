/** Unix stream sockets on the running kernel: what is seen of them, and how their two ends meet. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import { canCapture, finish, LiveEvents, python, summary } from './testing/live-events.ts';

const folder = mkdtempSync(join(tmpdir(), 'spanloom-unix-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
/** A path that nothing is bound to. @param length of the whole path */
function freshPath(length?: number): string {
  const path = join(folder, String(count++));
  return length === undefined ? path : path.padEnd(length, 'x');
}

/** A script with both ends of a connection to `path`; a path that begins with @ is an abstract name. */
function connected(path: string, script: string): [string, ...string[]] {
  const name = path.startsWith('@') ? `'\\0' + ${JSON.stringify(path.slice(1))}` : JSON.stringify(path);
  return python(`
def unix_pair():
    listener = socket.socket(socket.AF_UNIX); listener.bind(${name}); listener.listen(1)
    client = socket.socket(socket.AF_UNIX); client.connect(${name})
    server, _ = listener.accept(); listener.close()
    return client, server
client, server = unix_pair()
${script}`);
}

const addresses = ({ localAddress, remoteAddress }: SocketEvent): string[] =>
  [localAddress, remoteAddress].map((address) => Buffer.from(address).toString('latin1'));
const sequences = (events: readonly SocketEvent[], direction: SocketEvent['direction']): number[] =>
  events.filter((event) => event.kind === 'data' && event.direction === direction).map((event) => event.tcpSequence);
const bytesFrom = (text: string): number[] => [...Buffer.from(text, 'latin1')];

describe.skipIf(!canCapture())('a Unix socket', () => {
  let live: LiveEvents;
  beforeAll(() => {
    live = new LiveEvents();
  });
  afterAll(() => live.capture.stop());

  it('has events as a TCP socket has, and the path of the server at both ends', async () => {
    const path = freshPath();
    const events = await live.eventsOf(
      ...connected(
        path,
        `
client.send(b'question'); server.recv(100); server.send(b'answer'); client.recv(100)
client.close(); server.close()`,
      ),
    );
    expect(events.map(summary)).toEqual([
      'connect',
      'accept',
      'egress question',
      'ingress question',
      'egress answer',
      'ingress answer',
      'close',
      'close',
    ]);
    const [connect, accept] = events as [SocketEvent, SocketEvent];
    expect(new Set(events.map((event) => event.transport))).toEqual(new Set(['unix']));
    expect(new Set(events.map((event) => event.socketId)).size).toBe(2);
    for (const event of events) {
      const isClient = event.socketId === connect.socketId;
      expect(event.role).toBe(isClient ? 'client' : 'server');
      expect(addresses(event)).toEqual(isClient ? ['', `${path}\0`] : [`${path}\0`, '']);
      expect([event.localPort, event.remotePort]).toEqual([0, 0]);
    }
    expect(accept.socketId).not.toBe(connect.socketId);
    expect(events[2]!.connectId).toBe(connect.id);
    // What was read last is the message that was read.
    expect(events[4]!.after).toBe(events[3]!.id);
  });

  it('counts the same byte alike at both ends, whatever the cuts', async () => {
    const events = await live.eventsOf(
      ...connected(
        freshPath(),
        `
client.send(b'a' * 10); client.send(b'b' * 20); server.recv(5); server.recv(100)
server.send(b'c' * 7); client.recv(7); client.send(b'd'); server.recv(1)
os.writev(client.fileno(), [b'e', b'f' * 4]); os.read(server.fileno(), 2); server.recvmsg(9)`,
      ),
    );
    const written = sequences(events, 'egress');
    const read = sequences(events, 'ingress');
    const [base] = written as [number];
    const places = (all: readonly number[]): number[] => all.map((sequence) => (sequence - base) >>> 0);
    expect(base).not.toBe(0);
    // Of the client: 10, 20, 1 and 5 bytes.
    expect(places([written[0]!, written[1]!, written[3]!, written[4]!])).toEqual([0, 10, 30, 31]);
    expect(places([read[0]!, read[1]!, read[3]!, read[4]!, read[5]!])).toEqual([0, 5, 30, 31, 33]);
    // Of the server: a number of its own.
    expect(read[2]).toBe(written[2]);
    expect(written[2]).not.toBe(base);
  });

  it('is counted to the end when one end is closed first', async () => {
    const events = await live.eventsOf(
      ...connected(
        freshPath(),
        `
client.send(b'question'); server.recv(100); server.send(b'answer'); server.close(); client.recv(100); client.close()`,
      ),
    );
    expect(sequences(events, 'ingress')).toEqual(sequences(events, 'egress'));
    expect(sequences(events, 'ingress')).not.toContain(0);
  });

  it('that was connected before is counted from a write on that finds nothing on its way', async () => {
    const path = freshPath();
    // The capture that counts is not there yet when the connection begins and something is sent.
    const { capture } = live;
    await capture.stop();
    const child = finish(
      ...connected(
        path,
        `
client.send(b'on its way'); open(${JSON.stringify(`${path}.sent`)}, 'w').close()
while not os.path.exists(${JSON.stringify(`${path}.go`)}): time.sleep(0.01)
client.send(b'too'); server.recv(100)
client.send(b'question'); server.recv(100); server.send(b'answer'); client.recv(100)`,
      ),
    );
    while (!existsSync(`${path}.sent`)) await new Promise((resolve) => setTimeout(resolve, 5));
    live = new LiveEvents();
    writeFileSync(`${path}.go`, '');
    const { processId } = await child;
    const events = await live.ofProcess(processId);
    expect(events.map(summary).slice(0, 6)).toEqual([
      'egress too',
      'ingress on its waytoo',
      'egress question',
      'ingress question',
      'egress answer',
      'ingress answer',
    ]);
    const all = events.slice(0, 6).map((event) => event.tcpSequence);
    expect(all.slice(0, 2)).toEqual([0, 0]);
    expect(all[2]).not.toBe(0);
    expect(all[3]).toBe(all[2]);
    expect(all[5]).toBe(all[4]);
    expect(new Set(events.map((event) => event.role))).toEqual(new Set(['unknown']));
    // The server is who has the name.
    expect(addresses(events[2]!)).toEqual(['', `${path}\0`]);
    expect(addresses(events[3]!)).toEqual([`${path}\0`, '']);
  });

  it.each([
    ['an abstract name', `@spanloom-test-${process.pid}`, `@spanloom-test-${process.pid}\0`],
    ['the longest path', freshPath(107), undefined],
    ['a path as long as an address of IPv6', '/tmp/spanloom-1234'.slice(0, 15), '/tmp/spanloom-1\0\0'],
  ])('has %s', async (_, path, expected) => {
    rmSync(path, { force: true });
    const events = await live.eventsOf(...connected(path, `client.send(b'question'); server.recv(100)`));
    rmSync(path, { force: true });
    const data = events.filter((event) => event.kind === 'data');
    expect(data.map(addresses)).toEqual([
      ['', expected ?? `${path}\0`],
      [expected ?? `${path}\0`, ''],
    ]);
  });

  it('has a relative path as it was bound', async () => {
    const events = await live.eventsOf(
      ...python(`
os.chdir(${JSON.stringify(folder)})
listener = socket.socket(socket.AF_UNIX); listener.bind('relative.sock'); listener.listen(1)
client = socket.socket(socket.AF_UNIX); client.connect(${JSON.stringify(join(folder, 'relative.sock'))})
client.send(b'question')`),
    );
    expect(events.map(addresses).at(-1)).toEqual(['', './relative.sock\0\0']);
  });

  it.each([
    ['a pair without a name', `a, b = socket.socketpair(); a.send(b'x'); b.recv(10)`],
    [
      'datagrams',
      `
a = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); a.bind(PATH)
b = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); b.connect(PATH); b.send(b'x'); a.recv(10)`,
    ],
    [
      'packets in order',
      `
a = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); a.bind(PATH); a.listen(1)
b = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); b.connect(PATH); b.send(b'x')
c, _ = a.accept(); c.recv(10); c.close()`,
    ],
    [
      'a server that is not there',
      `
a = socket.socket(socket.AF_UNIX)
try: a.connect(PATH)
except OSError: pass
a.close()`,
    ],
  ])('has no events: %s', async (_, script) => {
    expect(await live.eventsOf(...python(script.replaceAll('PATH', JSON.stringify(freshPath()))))).toEqual([]);
  });

  it('is left out when that is asked for', async () => {
    const without = new LiveEvents({ traceUnix: false });
    try {
      const script = `client.send(b'question'); server.recv(100); one, two = pair(); one.send(b'question'); two.recv(100)`;
      const events = await without.eventsOf(...connected(freshPath(), script));
      expect(new Set(events.map((event) => event.transport))).toEqual(new Set(['tcp']));
    } finally {
      await without.capture.stop();
    }
  });

  it('has payloads of many segments and calls, with the path behind them', async () => {
    const path = freshPath();
    const events = await live.eventsOf(
      ...connected(
        path,
        `
os.writev(client.fileno(), [b'x' * 300] * 20); server.recv(100)
with open('/dev/zero', 'rb') as file: os.sendfile(client.fileno(), file.fileno(), 0, 64)`,
      ),
    );
    const [first, read, sent] = events.filter((event) => event.kind === 'data') as [
      SocketEvent,
      SocketEvent,
      SocketEvent,
    ];
    expect([...first.payload]).toEqual(bytesFrom('x'.repeat(512)));
    expect(first.length).toBe(6000);
    expect([...read.payload]).toEqual(bytesFrom('x'.repeat(100)));
    expect(addresses(sent)).toEqual(['', `${path}\0`]);
    expect((sent.tcpSequence - first.tcpSequence) >>> 0).toBe(6000);
  });
});
