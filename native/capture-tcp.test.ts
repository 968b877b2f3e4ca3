/** TCP on the running kernel: what is told of connections and of the bytes that they carry. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import { canCapture, LiveEvents, python, summary, textOf } from './testing/live-events.ts';

const econnrefused = 111;

describe.skipIf(!canCapture())('a TCP connection', () => {
  let live: LiveEvents;
  beforeAll(() => {
    live = new LiveEvents();
  });
  afterAll(() => live.capture.stop());

  const ofClient = (events: readonly SocketEvent[]): SocketEvent[] => events.filter((event) => event.role === 'client');
  const ofServer = (events: readonly SocketEvent[]): SocketEvent[] => events.filter((event) => event.role === 'server');

  it('is told from connect and accept to close, in the order of ids', async () => {
    const events = await live.eventsOf(
      ...python(`
client, server = pair()
client.send(b'question'); server.recv(100); server.send(b'answer'); client.recv(100)
client.close(); server.close()`),
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
    const ids = events.map((event) => event.id);
    expect(ids).toEqual([...new Set(ids)].sort((left, right) => left - right));
    expect(events.map((event) => event.role)).toEqual([
      'client',
      'server',
      'client',
      'server',
      'server',
      'client',
      'client',
      'server',
    ]);
    expect(new Set(ofClient(events).map((event) => event.socketId)).size).toBe(1);
    expect(new Set(events.map((event) => event.socketId)).size).toBe(2);
    for (const event of events)
      expect(event).toMatchObject({ transport: 'tcp', tls: false, contextKind: 'thread', contextId: event.threadId });
  });

  it('has the same addresses and sequences at both ends, crossed over', async () => {
    const events = await live.eventsOf(
      ...python(`
client, server = pair()
for number in range(20):
    client.send(b'q' * (number + 1)); server.recv(1000); server.send(b'a' * 3 * (number + 1)); client.recv(1000)`),
    );
    const data = events.filter((event) => event.kind === 'data');
    expect(data).toHaveLength(80);
    for (let index = 0; index < data.length; index += 2) {
      const sent = data[index]!;
      const read = data[index + 1]!;
      expect(sent.tcpSequence).not.toBe(0);
      expect(read.tcpSequence).toBe(sent.tcpSequence);
      expect(read.length).toBe(sent.length);
      expect(read.localPort).toBe(sent.remotePort);
      expect(read.remotePort).toBe(sent.localPort);
      expect([...sent.localAddress]).toEqual([127, 0, 0, 1]);
      expect(read.networkNamespace).toBe(sent.networkNamespace);
    }
  });

  it('has the right sequence of the last bytes before a FIN', async () => {
    const events = await live.eventsOf(
      ...python(`
client, server = pair()
server.send(b'last words'); server.shutdown(socket.SHUT_WR); time.sleep(0.05)
assert client.recv(1000) == b'last words'
client, server = pair()
client.shutdown(socket.SHUT_WR); server.recv(1)
server.send(b'last words'); server.close(); time.sleep(0.05)
assert client.recv(1000) == b'last words'`),
    );
    const data = events.filter((event) => event.kind === 'data');
    expect(data.map(summary)).toEqual([
      'egress last words',
      'ingress last words',
      'egress last words',
      'ingress last words',
    ]);
    expect(data[1]!.tcpSequence).toBe(data[0]!.tcpSequence);
    expect(data[3]!.tcpSequence).toBe(data[2]!.tcpSequence);
    // The client's end is closed by then; it is still the socket that connected.
    expect(data[3]).toMatchObject({ role: 'client', localPort: data[2]!.remotePort });
  });

  it('carries the causal facts of its connect() on the first egress only', async () => {
    const events = await live.eventsOf(
      ...python(`
one, two = pair()
one.send(b'cause'); two.recv(100)
client, server = pair()
one.send(b'other'); two.recv(100)
client.send(b'first'); server.recv(100); client.send(b'second')`),
    );
    const named = (text: string, direction: string): SocketEvent =>
      events.find((event) => textOf(event) === text && event.direction === direction)!;
    const connect = events.filter((event) => event.kind === 'connect')[1]!;
    const cause = named('cause', 'ingress');
    expect(connect.after).toBe(cause.id);
    expect(named('first', 'egress')).toMatchObject({ after: cause.id, connectId: connect.id });
    expect(named('second', 'egress')).toMatchObject({ after: named('first', 'ingress').id, connectId: 0 });
  });

  it('keeps the causal facts of connect() until a write goes through', async () => {
    const events = await live.eventsOf(
      ...python(`
client = socket.socket(); client.setblocking(False)
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen(1)
assert client.connect_ex(listener.getsockname()) == errno.EINPROGRESS
server, _ = listener.accept()
client.connect_ex(listener.getsockname())
big = b'x' * 8000000
sent = client.send(big)
try:
    client.send(big)
    sys.exit('not full')
except BlockingIOError:
    pass
server.recv(sent)`),
    );
    expect(events.filter((event) => event.kind === 'connect')).toHaveLength(1);
    expect(events[0]).toMatchObject({ kind: 'connect', error: 0, role: 'client' });
    const data = events.filter((event) => event.kind === 'data' && event.role === 'client');
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({ connectId: events[0]!.id, messageId: data[0]!.id });
    expect(data[0]!.length).toBeLessThan(8000000);
    expect(data[0]!.payload).toHaveLength(512);
  });

  it('that is refused is told with its error and whom it did not reach', async () => {
    const events = await live.eventsOf(
      ...python(`
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); address = listener.getsockname(); listener.close()
assert socket.socket().connect_ex(address) == errno.ECONNREFUSED
client = socket.socket(); assert client.connect_ex(address) == errno.ECONNREFUSED`),
    );
    expect(events.map((event) => [event.kind, event.error, event.role])).toEqual([
      ['connect', econnrefused, 'client'],
      ['connect', econnrefused, 'client'],
    ]);
    expect([...events[0]!.remoteAddress]).toEqual([127, 0, 0, 1]);
    expect(events[0]!.remotePort).toBeGreaterThan(0);
  });

  it('over IPv6 has addresses of 16 bytes, and of 4 when IPv4 is mapped', async () => {
    const loopback = [...new Uint8Array(15), 1];
    const pure = await live.eventsOf(
      ...python(`client, server = pair(socket.AF_INET6, '::1'); client.send(b'six'); os._exit(0)`),
    );
    expect(pure.map((event) => [...event.remoteAddress])).toEqual(Array(5).fill(loopback));
    const mapped = await live.eventsOf(
      ...python(`client, server = pair(listen=socket.AF_INET6); client.send(b'four'); server.recv(10); os._exit(0)`),
    );
    expect(mapped.map((event) => [...event.localAddress])).toEqual(Array(6).fill([127, 0, 0, 1]));
    expect(mapped.map((event) => [...event.remoteAddress])).toEqual(Array(6).fill([127, 0, 0, 1]));
  });

  it('that others share does not end with one of its descriptors', async () => {
    const events = await live.eventsOf(
      ...python(`
client, server = pair()
copy = os.dup(client.fileno()); client.close(); os.write(copy, b'alive'); os.close(copy); os._exit(0)`),
    );
    expect(events.map(summary)).toEqual(['connect', 'accept', 'egress alive', 'close', 'close']);
    expect(ofServer(events)).toHaveLength(2);
    expect(new Set(ofClient(events).map((event) => event.socketId)).size).toBe(1);
  });

  it('gets a new identity although the kernel reuses its memory', async () => {
    const events = await live.eventsOf(
      ...python(`
for number in range(50):
    client, server = pair()
    client.send(b'x'); client.close(); server.close()`),
    );
    expect(new Set(events.map((event) => event.socketId)).size).toBe(100);
  });
});
