/** How sockets end on the running kernel besides by close(): with their process, and by calls that close without saying so. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canCapture, finish, LiveEvents, python, summary } from './testing/live-events.ts';

describe.skipIf(!canCapture())('a socket', () => {
  let live: LiveEvents;
  beforeAll(() => {
    live = new LiveEvents();
  });
  afterAll(() => live.capture.stop());

  it.each([
    ['the process that ends', `os._exit(0)`],
    ['the process that is killed', `os.kill(os.getpid(), 9)`],
    [
      'the process whose last thread ends after the main one',
      `
import threading
def later():
    while ') Z ' not in open(f'/proc/self/task/{os.getpid()}/stat').read(): pass
    os.kill(os.getpid(), 9)
threading.Thread(target=later).start(); ctypes.CDLL(None).pthread_exit(None)`,
    ],
    ['dup2 over it', `os.dup2(0, client.fileno()); os.dup2(0, server.fileno()); server.send(b'x')`],
    ['close_range', `os.closerange(3, 1000); os.write(1, b'')`],
    [
      'exec',
      `
for one in (client, server): one.set_inheritable(False)
os.execv('/bin/true', ['true'])`,
    ],
  ])('is closed by %s', async (_name, end) => {
    const { processId } = await finish(
      '/bin/sh',
      '-c',
      // The shell stays alive, as init would: its child may be killed.
      '"$@"; echo',
      'sh',
      ...python(`print(os.getpid(), flush=True)
client, server = pair()
client.send(b'question'); server.recv(100)
${end}`),
    ).then(({ output }) => ({ processId: Number(output.split('\n')[0]) }));
    const events = await live.ofProcess(processId);
    expect(events.map(summary)).toEqual(['connect', 'accept', 'egress question', 'ingress question', 'close', 'close']);
    const [connect, accept] = events;
    const closed = events.slice(4).map((event) => event.socketId);
    expect(new Set(closed)).toEqual(new Set([connect!.socketId, accept!.socketId]));
  });

  it('is closed by the end of its process after its peer reset it, or it was shut down', async () => {
    const events = await live.eventsOf(
      ...python(`
client, server = pair()
server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); server.close()
select.select([client], [], [], 5)
one, two = pair()
one.shutdown(socket.SHUT_WR); two.recv(1); two.shutdown(socket.SHUT_WR); one.recv(1)
os._exit(0)`),
    );
    const sockets = new Set(events.map((event) => event.socketId));
    expect(sockets.size).toBe(4);
    // The process had let go of them before the kernel ended them.
    for (const socket of sockets)
      expect(live.events.filter((event) => event.socketId === socket && event.kind === 'close')).toHaveLength(1);
  });

  it('ends with the last of the processes that share it', async () => {
    const events = await live.eventsOf(
      ...python(`
client, server = pair(); held, release = os.pipe()
child = os.fork()
if child == 0:
    os.close(release); os.read(held, 1); server.send(b'child'); os._exit(0)
print(child, flush=True)
server.close(); os.close(release); assert client.recv(100) == b'child'
assert client.recv(100) == b''
os.waitpid(child, 0); os._exit(0)`),
    );
    const [connect, accept] = events;
    expect(events.filter((event) => event.kind === 'close').map((event) => event.socketId)).toEqual([
      connect!.socketId,
    ]);
    const ofServer = live.events.filter((event) => event.socketId === accept!.socketId);
    expect(ofServer.map(summary)).toEqual(['accept', 'egress child', 'close']);
    expect(ofServer[2]!.processId).toBe(ofServer[1]!.processId);
  });
});
