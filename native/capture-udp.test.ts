/** UDP on the running kernel: each datagram is a message, and says to whom it goes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canCapture, LiveEvents, python, summary, textOf } from './testing/live-events.ts';

/** recvmmsg and sendmmsg, which Python does not have. */
const many = `
libc = ctypes.CDLL(None, use_errno=True)
class iovec(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
class msghdr(ctypes.Structure): _fields_ = [('name', ctypes.c_void_p), ('name_length', ctypes.c_uint32), ('iov', ctypes.POINTER(iovec)), ('iov_length', ctypes.c_size_t), ('control', ctypes.c_void_p), ('control_length', ctypes.c_size_t), ('flags', ctypes.c_int)]
class mmsghdr(ctypes.Structure): _fields_ = [('header', msghdr), ('length', ctypes.c_uint32)]
keep = []
def messages(buffers, name=None):
    vector = (mmsghdr * len(buffers))()
    for index, parts in enumerate(buffers):
        iov = (iovec * len(parts))(*[iovec(ctypes.cast(part, ctypes.c_void_p), len(part)) for part in parts])
        vector[index].header.iov = iov; vector[index].header.iov_length = len(parts); keep.append((iov, parts))
        if name is not None: vector[index].header.name = ctypes.cast(name, ctypes.c_void_p); vector[index].header.name_length = len(name)
    return vector
def buffer(data): return (ctypes.c_char * len(data)).from_buffer(bytearray(data))
def address(sock): return buffer(struct.pack('=H', socket.AF_INET) + struct.pack('!H', sock.getsockname()[1]) + socket.inet_aton('127.0.0.1') + bytes(8))
`;

describe.skipIf(!canCapture())('a datagram', () => {
  let live: LiveEvents;
  beforeAll(() => {
    live = new LiveEvents();
  });
  afterAll(() => live.capture.stop());

  it('of an unconnected socket carries the addresses of the call', async () => {
    const events = await live.eventsOf(
      ...python(`
a, b = datagrams()
a.sendto(b'query', b.getsockname()); data, peer = b.recvfrom(100); b.sendto(b'answer', peer); a.recvfrom(100); os._exit(0)`),
    );
    expect(events.map(summary)).toEqual(['egress query', 'ingress query', 'egress answer', 'ingress answer']);
    for (const event of events) {
      expect(event).toMatchObject({ transport: 'udp', role: 'unknown', tcpSequence: 0, messageId: event.id });
      expect([...event.remoteAddress]).toEqual([127, 0, 0, 1]);
    }
    const [sent, read, answered, got] = events;
    // The first send gave it its port.
    expect(sent!.localPort).toBeGreaterThan(0);
    expect(read!.remotePort).toBe(sent!.localPort);
    expect(sent!.remotePort).toBe(read!.localPort);
    expect(got!.socketId).toBe(sent!.socketId);
    expect(answered!.socketId).toBe(read!.socketId);
    expect(answered!.after).toBe(read!.id);
  });

  it('of a connected socket has a role, and its first carries the causal facts of connect()', async () => {
    const events = await live.eventsOf(
      ...python(`
a, b = datagrams()
a.connect(b.getsockname()); a.send(b'query'); b.recv(100); a.send(b'again'); os._exit(0)`),
    );
    expect(events.map(summary)).toEqual(['connect', 'egress query', 'ingress query', 'egress again']);
    expect(events[0]).toMatchObject({ kind: 'connect', role: 'client', transport: 'udp' });
    expect(events[1]).toMatchObject({ connectId: events[0]!.id, role: 'client' });
    expect(events[3]).toMatchObject({ connectId: 0, messageId: events[3]!.id });
  });

  it('of sendmsg and recvmsg carries the addresses of the header', async () => {
    const events = await live.eventsOf(
      ...python(`
a, b = datagrams()
a.sendmsg([b'que', b'ry'], [], 0, b.getsockname()); b.recvmsg(100); os._exit(0)`),
    );
    expect(events.map(summary)).toEqual(['egress query', 'ingress query']);
    expect(events[0]!.remotePort).toBe(events[1]!.localPort);
    expect(events[1]!.remotePort).toBe(events[0]!.localPort);
  });

  it('is an event of its own in sendmmsg and recvmmsg', async () => {
    const events = await live.eventsOf(
      ...python(`${many}
a, b = datagrams()
assert libc.sendmmsg(a.fileno(), messages([[buffer(b'one')], [buffer(b'tw'), buffer(b'o')], [buffer(b'three')]], address(b)), 3, 0) == 3
assert libc.recvmmsg(b.fileno(), messages([[buffer(bytes(2)), buffer(bytes(100))] for _ in range(5)]), 5, socket.MSG_DONTWAIT, None) == 3
os._exit(0)`),
    );
    expect(events.map(summary)).toEqual([
      'egress one',
      'egress two',
      'egress three',
      'ingress one',
      'ingress two',
      'ingress three',
    ]);
    expect(new Set(events.map((event) => event.id)).size).toBe(6);
    for (const event of events) expect(event.messageId).toBe(event.id);
    expect(events[0]!.remotePort).toBe(events[3]!.localPort);
    expect(events[5]!.after).toBe(events[4]!.id);
  });

  it('beyond those that are looked at in one call is counted', async () => {
    const before = live.losses['arguments_missed'] ?? 0;
    const events = await live.eventsOf(
      ...python(`${many}
a, b = datagrams()
assert libc.sendmmsg(a.fileno(), messages([[buffer(b'x')]] * 11, address(b)), 11, 0) == 11
os._exit(0)`),
    );
    expect(events).toHaveLength(8);
    await live.settle();
    expect(live.losses['arguments_missed']).toBe(before + 3);
  });

  it('over sendmmsg on TCP continues one message, sequences in step', async () => {
    const events = await live.eventsOf(
      ...python(`${many}
client, server = pair()
assert libc.sendmmsg(client.fileno(), messages([[buffer(b'one')], [buffer(b'two')]]), 2, 0) == 2
server.recv(100); os._exit(0)`),
    );
    const data = events.filter((event) => event.kind === 'data');
    expect(data.map(textOf)).toEqual(['one', 'two', 'onetwo']);
    expect(data[1]).toMatchObject({ messageId: data[0]!.id, tcpSequence: data[0]!.tcpSequence + 3, connectId: 0 });
    expect(data[2]!.tcpSequence).toBe(data[0]!.tcpSequence);
  });

  it('of IPv6 has addresses of 16 bytes', async () => {
    const events = await live.eventsOf(
      ...python(`
a = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); b = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); b.bind(('::1', 0))
a.sendto(b'six', b.getsockname()); b.recvfrom(10); os._exit(0)`),
    );
    expect(events.map((event) => event.remoteAddress.length)).toEqual([16, 16]);
    expect(events[0]!.remoteAddress.at(-1)).toBe(1);
    expect(events[1]!.remotePort).toBe(events[0]!.localPort);
  });
});
