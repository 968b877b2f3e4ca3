/** How a TCP connect comes out, on the running kernel: the calls that block and those that do not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import { canCapture, LiveEvents, python, summary } from './testing/live-events.ts';

const econnrefused = 111;
const ecanceled = 125;

/** A port that refuses, a client that does not block, and `full()`: a port whose queue is full, so that it answers no more. */
const prelude = `
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); refusing = listener.getsockname(); listener.close()
client = socket.socket(); client.setblocking(False)
def full():
    global kept
    listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen(0)
    one = socket.create_connection(listener.getsockname()); select.select([listener], [], [])
    kept = [listener, one]
    return listener.getsockname()
`;

describe.skipIf(!canCapture())('a connect that fails', () => {
  let live: LiveEvents;
  beforeAll(() => {
    live = new LiveEvents();
  });
  afterAll(() => live.capture.stop());

  const outcomes = async (script: string): Promise<SocketEvent[]> =>
    (await live.eventsOf(...python(prelude + script))).filter((event) => event.error !== 0);

  it('without blocking is told with its error, once, also when connect() and SO_ERROR ask for it', async () => {
    const events = await outcomes(`
assert client.connect_ex(refusing) == errno.EINPROGRESS
assert select.select([], [client], [], 5)[1]
assert client.connect_ex(refusing) == errno.ECONNREFUSED
client.close()
client = socket.socket(); client.setblocking(False)
assert client.connect_ex(refusing) == errno.EINPROGRESS
assert select.select([], [client], [], 5)[1]
assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
assert client.connect_ex(refusing) == errno.ECONNABORTED`);
    expect(events.map((event) => [event.kind, event.direction, event.error, event.role])).toEqual([
      ['connect', 'egress', econnrefused, 'client'],
      ['connect', 'egress', econnrefused, 'client'],
    ]);
    expect(new Set(events.map((event) => event.socketId)).size).toBe(2);
    for (const event of events) {
      expect([...event.remoteAddress]).toEqual([127, 0, 0, 1]);
      expect(event.remotePort).toBeGreaterThan(0);
    }
  });

  it('later than connect() returned has the thread and the causal facts of that call', async () => {
    const events = await live.eventsOf(
      ...python(`${prelude}
import threading
one, two = pair()
one.send(b'cause'); two.recv(100)
address = full()
late = socket.socket(); late.setblocking(False); late.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 300)
one.send(b'marker'); two.recv(100)
assert late.connect_ex(address) == errno.EINPROGRESS
def wait(): select.select([], [late], [], 30)
waiter = threading.Thread(target=wait); waiter.start()
one.send(b'other'); two.recv(100); waiter.join()
assert late.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ETIMEDOUT
os._exit(0)`),
    );
    const [failed] = events.filter((event) => event.error !== 0 && event.error !== ecanceled);
    const begun = events.find((event) => event.kind === 'connect' && event.id === failed!.connectId)!;
    const marker = events.filter((event) => summary(event) === 'ingress marker');
    expect(failed).toMatchObject({
      kind: 'connect',
      error: 110,
      socketId: begun.socketId,
      threadId: begun.threadId,
      contextId: begun.contextId,
      fileDescriptor: begun.fileDescriptor,
      after: marker[0]!.messageId,
      phase: begun.phase,
      remotePort: begun.remotePort,
    });
    expect(failed!.id).toBeGreaterThan(begun.id);
  });

  it('because the program gave up waiting is told as canceled, and its close is not', async () => {
    const events = await live.eventsOf(
      ...python(`${prelude}
address = full()
mine = socket.socket(); mine.settimeout(0.05)
try: mine.connect(address); sys.exit('connected')
except TimeoutError: pass
mine.close()
mine = socket.socket(); mine.setblocking(False); mine.connect_ex(address)
os.dup2(0, mine.fileno()); os._exit(0)`),
    );
    const canceled = events.filter((event) => event.error === ecanceled);
    const [closed, replaced] = canceled;
    expect(canceled.length).toBeGreaterThanOrEqual(2);
    for (const event of [closed!, replaced!]) {
      expect(event).toMatchObject({ kind: 'connect', direction: 'egress', role: 'client' });
      expect(events.filter((one) => one.socketId === event.socketId).map((one) => one.kind)).toEqual([
        'connect',
        'connect',
      ]);
    }
  });

  it('after an interruption is told once', async () => {
    const events = await live.eventsOf(
      ...python(`${prelude}
import signal
address = full()
signal.signal(signal.SIGALRM, lambda *_: None); signal.setitimer(signal.ITIMER_REAL, 0.05)
mine = socket.socket(); mine.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 300)
libc = ctypes.CDLL(None, use_errno=True)
to = struct.pack('=H', socket.AF_INET) + struct.pack('!H', address[1]) + socket.inet_aton(address[0]) + bytes(8)
signal.siginterrupt(signal.SIGALRM, True)
assert libc.connect(mine.fileno(), to, 16) == -1 and ctypes.get_errno() == errno.EINTR
assert select.select([], [mine], [], 30)[1]
assert libc.connect(mine.fileno(), to, 16) == -1 and ctypes.get_errno() == errno.ETIMEDOUT
os._exit(0)`),
    );
    expect(events.filter((event) => event.error !== 0 && event.error !== ecanceled)).toHaveLength(1);
  });

  it('leaves the socket to a later connect, which is told as one of its own', async () => {
    const events = await live.eventsOf(
      ...python(`${prelude}
assert client.connect_ex(refusing) == errno.EINPROGRESS
select.select([], [client], [], 5)
assert client.connect_ex(refusing) == errno.ECONNREFUSED
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen(1)
assert client.connect_ex(listener.getsockname()) == errno.EINPROGRESS
select.select([], [client], [], 5)
client.send(b'hello'); os._exit(0)`),
    );
    expect(events.map((event) => [summary(event), event.error]).slice(0, 3)).toEqual([
      ['connect', econnrefused],
      ['connect', 0],
      ['egress hello', 0],
    ]);
    expect(events[1]!.socketId).not.toBe(events[0]!.socketId);
    expect(events[2]).toMatchObject({ socketId: events[1]!.socketId, connectId: events[1]!.id });
  });
});
