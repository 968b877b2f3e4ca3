/** Bytes that move between sockets and files or pipes on the running kernel, past the memory of the process. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canCapture, LiveEvents, python, summary } from './testing/live-events.ts';

describe.skipIf(!canCapture())('bytes that never come to user memory', () => {
  let live: LiveEvents;
  beforeAll(() => {
    live = new LiveEvents();
  });
  afterAll(() => live.capture.stop());

  it('are counted where sendfile and splice write them, as part of the message', async () => {
    const events = await live.eventsOf(
      ...python(`
import tempfile
client, server = pair()
file = tempfile.TemporaryFile(); file.write(b'f' * 1000); file.flush()
server.send(b'head'); os.sendfile(server.fileno(), file.fileno(), 0, 1000)
r, w = os.pipe(); os.write(w, b'p' * 500); os.splice(r, server.fileno(), 500)
server.send(b'tail'); os._exit(0)`),
    );
    const sent = events.filter((event) => event.direction === 'egress' && event.kind === 'data');
    expect(sent.map((event) => [event.length, event.payload.length])).toEqual([
      [4, 4],
      [1000, 0],
      [500, 0],
      [4, 4],
    ]);
    expect(new Set(sent.map((event) => event.messageId)).size).toBe(1);
    const [first] = sent;
    expect(sent.map((event) => event.tcpSequence - first!.tcpSequence)).toEqual([0, 4, 1004, 1504]);
  });

  it('are counted where splice reads them, and cause what follows', async () => {
    const events = await live.eventsOf(
      ...python(`
client, server = pair(); one, two = pair()
one.send(b'first'); client.send(b'q' * 300); r, w = os.pipe()
moved = os.splice(server.fileno(), w, 300)
one.send(b'effect %d' % moved); os._exit(0)`),
    );
    const [read] = events.filter((event) => event.direction === 'ingress' && event.kind === 'data');
    expect(read).toMatchObject({ length: 300, role: 'server' });
    expect(read!.payload).toHaveLength(0);
    expect(events.find((event) => summary(event) === 'egress effect 300')).toMatchObject({ after: read!.id });
    expect(live.losses).toEqual({});
  });

  it('are none where nothing moved, or between files and pipes', async () => {
    const events = await live.eventsOf(
      ...python(`
import tempfile
client, server = pair(); client.send(b'q'); server.recv(1)
server.setblocking(False); r, w = os.pipe(); a, b = os.pipe()
try: os.splice(server.fileno(), w, 10, flags=2); sys.exit('moved')
except BlockingIOError: pass
file = tempfile.TemporaryFile()
assert os.sendfile(server.fileno(), file.fileno(), 0, 10) == 0
os.write(w, b'x'); os.splice(r, b, 1)
server.send(b'next'); os._exit(0)`),
    );
    expect(events.filter((event) => event.kind === 'data').map(summary)).toEqual([
      'egress q',
      'ingress q',
      'egress next',
    ]);
  });
});
