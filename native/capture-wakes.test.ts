/** Who wakes whom, on the running kernel: threads that wait for the answer to a call that another thread makes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import { findJdks } from './testing/jdks.ts';
import { canCapture, LiveEvents, python, textOf } from './testing/live-events.ts';

const isHere = canCapture();
const jdks = isHere && spawnSync('javac', ['-version']).status === 0 ? findJdks() : [];
if (isHere && jdks.length === 0) {
  const skipped = 'wake-ups by threads of Java are not tested, there is no JDK';
  if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error(skipped);
  console.log(`skipped: ${skipped}`);
}

/**
 * `serving` reads a request, does `wait`, and replies; `working` makes a call, reads its answer, and does `wake`. The answer comes when
 * `serving` sleeps in a call of which `sleeps` is true.
 */
const scene = `
import threading
from concurrent.futures import ThreadPoolExecutor
FUTEX = {'x86_64': 202, 'aarch64': 98}[os.uname().machine]
WAIT, WAKE, WAIT_BITSET = 128, 129, 137
libc = ctypes.CDLL(None)
word = ctypes.c_uint32(0)
def futex(operation, value, deadline=None, at=word):
    libc.syscall(FUTEX, ctypes.byref(at), operation, value, deadline, None, ctypes.c_uint32(0xffffffff))
def after(seconds):
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + int(seconds * 1e9)
    return ctypes.byref((ctypes.c_int64 * 2)(now // 10**9, now % 10**9))
asking, accepted = pair(); calling, backend = pair()
def call(): calling.send(b'call'); calling.recv(100)
def in_futex(number, a): return number == FUTEX and a[0] == ctypes.addressof(word)
def in_future(number, a): return number == FUTEX and a[1] & 127 == 9 and a[3] == 0
def asleep(thread, sleeps):
    while True:
        words = open(f'/proc/self/task/{thread.native_id}/syscall').read().split()
        if len(words) > 4 and sleeps(int(words[0]), [int(each, 16) for each in words[1:5]]): return
        time.sleep(0.001)
def serve(wait): accepted.recv(100); wait(); accepted.send(b'reply')
def work(wake): call(); wake()
def play(wait, wake, sleeps):
    serving = threading.Thread(target=serve, args=[wait]); serving.start()
    asking.send(b'request')
    if wake:
        asleep(serving, sleeps)
        working = threading.Thread(target=work, args=[wake]); working.start()
    backend.recv(100); asleep(serving, sleeps); backend.send(b'answer')
    serving.join()
    if wake: working.join()
    os._exit(0)
`;

const find = (events: readonly SocketEvent[], direction: 'ingress' | 'egress', text: string): SocketEvent => {
  const found = events.filter((event) => event.direction === direction && textOf(event) === text);
  expect(found.map(textOf)).toEqual([text]);
  return found[0]!;
};

describe.skipIf(!isHere)('a thread that another one wakes', () => {
  let live: LiveEvents;
  beforeAll(() => {
    live = new LiveEvents();
  });
  afterAll(() => live.capture.stop());

  const answerAndReply = async (script: string): Promise<{ answer: SocketEvent; reply: SocketEvent }> => {
    const events = await live.eventsOf(...python(scene + script));
    const answer = find(events, 'ingress', 'answer');
    const reply = find(events, 'egress', 'reply');
    expect(reply.threadId).not.toBe(answer.threadId);
    for (const event of events)
      if (event !== reply) expect([textOf(event), event.wokenAfter]).toEqual([textOf(event), []]);
    return { answer, reply };
  };

  it.each([
    ['a future', `play(lambda: ThreadPoolExecutor(1).submit(call).result(), None, in_future)`],
    ['a condition', `play(lambda: futex(WAIT_BITSET, 0), lambda: futex(WAKE, 1), in_futex)`],
    ['a condition of an older C library', `play(lambda: futex(WAIT, 0), lambda: futex(WAKE, 1), in_futex)`],
    [
      'a condition, for ten seconds at most',
      `play(lambda: futex(WAIT_BITSET, 0, after(10)), lambda: futex(WAKE, 1), in_futex)`,
    ],
  ])('has the answer that was read just before on its next event, if it waited for %s', async (_name, script) => {
    const { answer, reply } = await answerAndReply(script);
    expect(reply.wokenAfter).toEqual([answer.id]);
  });

  it.each([
    ['it waited as for a mutex', `word.value = 2; play(lambda: futex(WAIT, 2), lambda: futex(WAKE, 1), in_futex)`],
    [
      'it waited as for a lock that is handed round',
      `
done = False
def wait():
    while not done: futex(WAIT_BITSET, 0, after(0.04))
def wake():
    global done
    done = True; futex(WAKE, 1)
play(wait, wake, in_futex)`,
    ],
    [
      'it had begun to reply',
      `play(lambda: (accepted.send(b'head'), futex(WAIT_BITSET, 0)), lambda: futex(WAKE, 1), in_futex)`,
    ],
    [
      'the other one had written something since it read the answer',
      `play(lambda: futex(WAIT_BITSET, 0), lambda: (calling.send(b'next'), futex(WAKE, 1)), in_futex)`,
    ],
    [
      'the other one serves a request itself',
      `
others, own = pair(); others.send(b'own request')
def work_for_own(): own.recv(100); call(); futex(WAKE, 1)
serving = threading.Thread(target=serve, args=[lambda: futex(WAIT_BITSET, 0)]); serving.start()
asking.send(b'request'); asleep(serving, in_futex)
working = threading.Thread(target=work_for_own); working.start()
backend.recv(100); backend.send(b'answer')
serving.join(); os._exit(0)`,
    ],
    [
      'the call is older than its request',
      `
serving = threading.Thread(target=serve, args=[lambda: futex(WAIT_BITSET, 0)]); serving.start()
working = threading.Thread(target=work, args=[lambda: futex(WAKE, 1)]); working.start()
backend.recv(100); asking.send(b'request'); asleep(serving, in_futex); backend.send(b'answer')
serving.join(); os._exit(0)`,
    ],
  ])('has nothing, if %s', async (_name, script) => {
    expect((await answerAndReply(script)).reply.wokenAfter).toEqual([]);
  });

  it('has the latest four', async () => {
    const events = await live.eventsOf(
      ...python(`${scene}
def wait():
    for turn in range(6): futex(WAIT_BITSET, turn)
def wake():
    for turn in range(6):
        if turn > 0: call()
        asleep(serving, lambda number, a: in_futex(number, a) and a[2] == turn)
        word.value = turn + 1; futex(WAKE, 1)
serving = threading.Thread(target=serve, args=[wait]); serving.start()
asking.send(b'request'); asleep(serving, in_futex)
working = threading.Thread(target=work, args=[wake]); working.start()
for turn in range(6): backend.recv(100); backend.send(b'answer')
serving.join(); working.join(); os._exit(0)`),
    );
    const answers = events.filter((event) => event.direction === 'ingress' && textOf(event) === 'answer');
    const { wokenAfter } = find(events, 'egress', 'reply');
    expect(wokenAfter.toSorted((one, other) => one - other)).toEqual(answers.slice(2).map(({ id }) => id));
  });

  it('has nothing where wake-ups are not read', async () => {
    const other = new LiveEvents({ readWakes: false });
    try {
      const events = await other.eventsOf(
        ...python(`${scene}play(lambda: futex(WAIT_BITSET, 0), lambda: futex(WAKE, 1), in_futex)`),
      );
      expect(find(events, 'egress', 'reply').wokenAfter).toEqual([]);
      expect(other.capture.problems()).toEqual([]);
      expect(other.capture.statistics().map(({ program }) => program)).not.toContain('on_waking');
    } finally {
      await other.capture.stop();
    }
  });

  describe.skipIf(jdks.length === 0)('in Java', () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanloom-wakes-'));
    beforeAll(() => {
      const source = fileURLToPath(new URL('testing/Waiting.java', import.meta.url));
      // The oldest JDK here runs it, too.
      execFileSync('javac', ['--release', String(Math.max(jdks[0]!.feature, 14)), '-d', folder, source]);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.each(['get', 'join', 'all', 'monitor'])('has the answer, by %s', async (how) => {
      const java = join(jdks.at(-1)!.home, 'bin', 'java');
      const events = await live.eventsOf(java, '-Xmx64m', '-cp', folder, 'Waiting', how);
      expect(find(events, 'egress', 'reply').wokenAfter).toEqual([find(events, 'ingress', 'answer').id]);
    });

    it('has the answer that an event loop read, by a thread of a pool to which it was handed', async () => {
      const java = join(jdks.at(-1)!.home, 'bin', 'java');
      const events = await live.eventsOf(java, '-Xmx64m', '-cp', folder, 'Waiting', 'handed');
      const all = (direction: 'ingress' | 'egress', text: string): SocketEvent[] =>
        events.filter((event) => event.direction === direction && textOf(event) === text);
      const answers = all('ingress', 'answer').map(({ id }) => id);
      const replies = all('egress', 'reply').map(({ wokenAfter }) => wokenAfter);
      expect([answers.length, replies.length]).toEqual([20, 20]);
      // Not where that thread slept in between, for a lock of the virtual machine or in the loop's first turn; and never another one.
      const isHanded = ([id]: readonly number[], turn: number): boolean => id !== undefined && id === answers[turn];
      expect(replies.filter((woken) => woken.length > 0)).toEqual(replies.filter(isHanded));
      expect(replies.some(isHanded)).toBe(true);
    });
  });
});
