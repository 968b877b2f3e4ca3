/** Payload prefixes on the running kernel: budget of a message, every shape of call, what is left out. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import { canCapture, LiveEvents, python, textOf } from './testing/live-events.ts';

describe.skipIf(!canCapture())('the payload', () => {
  let live: LiveEvents;
  beforeAll(() => {
    live = new LiveEvents({ payloadBytes: 100, continuationBytes: 8 });
  });
  afterAll(() => live.capture.stop());

  const dataOf = async (script: string, direction: 'ingress' | 'egress'): Promise<SocketEvent[]> => {
    const events = await live.eventsOf(...python(script));
    return events.filter((event) => event.kind === 'data' && event.direction === direction);
  };

  it('has one budget for all reads of a message, and a little of each read after it', async () => {
    const reads = await dataOf(
      `
client, server = pair()
client.sendall(b'head' + b'b' * 500)
server.recv(4); server.recv(50); server.recv(200); server.recv(200); server.recv(200)
server.send(b'reply'); client.recv(100)
client.sendall(b'next' + b'n' * 200); server.recv(300)`,
      'ingress',
    );
    expect(reads.map((event) => [event.length, event.payload.length])).toEqual([
      [4, 4],
      [50, 50],
      [200, 46],
      [200, 8],
      [50, 8],
      [5, 5],
      [204, 100],
    ]);
    const [first, ...rest] = reads;
    expect(first!.messageId).toBe(first!.id);
    for (const event of rest.slice(0, 4)) expect(event.messageId).toBe(first!.id);
    expect(rest[4]!.messageId).toBe(rest[4]!.id);
    expect(rest[5]!.messageId).toBe(rest[5]!.id);
  });

  it('has one budget for all writes of a message', async () => {
    const writes = await dataOf(
      `
client, server = pair()
client.send(b'head'); client.sendmsg([b'm' * 30, b'n' * 30]); client.send(b'o' * 50); client.send(b'p' * 50)
server.recv(1000); server.send(b'r')`,
      'egress',
    );
    expect(writes.map((event) => [event.length, event.payload.length])).toEqual([
      [4, 4],
      [60, 60],
      [50, 36],
      [50, 8],
      [1, 1],
    ]);
    expect(writes[3]!.messageId).toBe(writes[0]!.id);
  });

  it.each([
    ['write and read', `os.write(client.fileno(), b'head-body'); os.read(server.fileno(), 100)`],
    ['send and recv', `client.send(b'head-body'); server.recv(100)`],
    [
      'writev and readv',
      `os.writev(client.fileno(), [b'he', b'', b'ad-', b'body']); os.readv(server.fileno(), [bytearray(1), bytearray(4), bytearray(90)])`,
    ],
    [
      'sendmsg and recvmsg',
      `client.sendmsg([b'head', b'-', b'body']); server.recvmsg_into([bytearray(3), bytearray(90)])`,
    ],
    [
      'a writev of more segments than are looked at',
      `os.writev(client.fileno(), [b'h', b'e', b'ad-'] + [b'b', b'o', b'd', b'y'] + [b''] * 20); server.recv(100)`,
    ],
  ])('is put together from the segments of %s', async (_name, calls) => {
    const events = await live.eventsOf(...python(`client, server = pair()\n${calls}`));
    const data = events.filter((event) => event.kind === 'data');
    expect(data.map((event) => [event.direction, event.length, textOf(event)])).toEqual([
      ['egress', 9, 'head-body'],
      ['ingress', 9, 'head-body'],
    ]);
    expect(data[1]!.tcpSequence).toBe(data[0]!.tcpSequence);
  });

  it('is copied up to the largest knob', async () => {
    const large = new LiveEvents({ payloadBytes: 4096 });
    try {
      const events = await large.eventsOf(
        ...python(`
client, server = pair()
os.writev(client.fileno(), [b'a' * 3000, b'b' * 3000]); server.recv(6000)`),
      );
      const data = events.filter((event) => event.kind === 'data');
      expect(data.map((event) => event.payload.length)).toEqual([4096, 4096]);
      expect(textOf(data[0]!)).toBe('a'.repeat(3000) + 'b'.repeat(1096));
    } finally {
      await large.capture.stop();
    }
  });

  it('is left out, with the event, when a read only peeks', async () => {
    const reads = await dataOf(
      `
client, server = pair()
client.send(b'once'); server.recv(100, socket.MSG_PEEK); server.recvmsg(100, 0, socket.MSG_PEEK); server.recv(100)`,
      'ingress',
    );
    expect(reads.map(textOf)).toEqual(['once']);
  });

  it('of calls on files, pipes and Unix sockets is never looked at', async () => {
    const events = await live.eventsOf(
      ...python(`
r, w = os.pipe(); os.write(w, b'pipe'); os.read(r, 10)
a, b = socket.socketpair(); a.send(b'unix'); b.recv(10)
with open('/dev/zero', 'rb', buffering=0) as file: file.read(10)`),
    );
    expect(events).toEqual([]);
  });

  it('is redacted when asked for', async () => {
    const redacting = new LiveEvents({
      redaction: { patterns: ['secret-[0-9]+'], headers: [], parameters: [], values: [], sendUnrecognised: false },
    });
    try {
      const events = await redacting.eventsOf(
        ...python(`
client, server = pair()
client.send(b'GET /secret-123 HTTP/1.1\\r\\nAuthorization: Bearer abcdef\\r\\nHost: x\\r\\n\\r\\n'); server.recv(1000)
server.send(b'nothing that is known')`),
      );
      const texts = events.filter((event) => event.kind === 'data').map(textOf);
      expect(texts).toHaveLength(3);
      expect(texts.join('\n')).not.toContain('abcdef');
      expect(texts[0]).toContain('GET /********** HTTP/1.1');
      expect(texts[0]).toContain('Host: x');
      expect(texts[2]).toBe('');
      expect(events.map((event) => event.redacted)).toContainEqual([0, 21]);
    } finally {
      await redacting.capture.stop();
    }
  });
});
