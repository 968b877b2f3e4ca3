/** Greenlets as execution contexts, on the running kernel and with a real gevent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { defaultCache } from './cache.ts';
import { prepareToolchain, sitePackages } from './toolchains.ts';
import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import { captureMissing, describeWhere } from '../../test/requirement.ts';
import { LiveEvents, textOf } from '../../native/testing/live-events.ts';

/** Sends to itself, from the main greenlet, others, a thread and a context, at several depths of the stack. */
const program = `
import contextvars, socket, sys, threading
import gevent
a, b = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
b.bind(('127.0.0.1', 0)); a.connect(b.getsockname())
def send(text, depth=0):
    if depth: send(text, depth - 1)
    else: a.send(text)
def work(name, pause):
    for step, depth in enumerate((0, 100, 300, 0)):
        send(b'%s %d' % (name, step), depth); pause()
    contextvars.copy_context().run(send, name + b' context')
print('ready', flush=True); sys.stdin.readline()
def in_thread(): work(b'thread', lambda: None)
def switch(): gevent.sleep(0)
send(b'before')
thread = threading.Thread(target=in_thread); thread.start(); thread.join()
gevent.joinall([gevent.spawn(work, name, switch) for name in (b'one', b'two')])
work(b'main', switch)
`;

const unable = captureMissing() ?? (process.arch === 'x64' ? undefined : 'contexts of CPython are read on x86_64 only');
const { folder, missing } =
  unable === undefined ? await prepareToolchain('python', defaultCache()) : { missing: unable };

const tooOld =
  folder !== undefined && /python3\.(9|10)$/.test(dirname(sitePackages(folder)))
    ? 'they are told apart in CPython 3.11 and later'
    : undefined;

describeWhere(missing ?? tooOld, 'greenlets', () => {
  it('are contexts that keep their id; a thread without greenlets stays a thread', async () => {
    const interpreter = join(folder!, 'venv', 'bin', 'python');
    const child = spawn(interpreter, ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(createInterface(child.stdout), 'line');
    const live = new LiveEvents();
    try {
      await live.capture.inspectPrograms(child.pid!, false);
      const ended = once(child, 'exit');
      child.stdin.end('\n');
      expect(await ended).toEqual([0, null]);
      const events = await live.ofProcess(child.pid!);
      const find = (text: string): SocketEvent => events.find((event) => textOf(event) === text)!;
      const stepsOf = (name: string): SocketEvent[] => [0, 1, 2, 3].map((step) => find(`${name} ${step}`));

      const threads = [find('before'), ...stepsOf('thread')];
      for (const event of threads)
        expect(event).toMatchObject({ contextKind: 'thread', contextId: event.threadId, contextAncestors: [] });
      expect(new Set(threads.map(({ threadId }) => threadId)).size).toBe(2);

      const greenlets = ['one', 'two', 'main'].map((name) => {
        const ids = new Set(stepsOf(name).map(({ contextId }) => contextId));
        expect(ids.size).toBe(1);
        return [...ids][0]!;
      });
      expect(new Set(greenlets).size).toBe(3);
      for (const event of ['one', 'two', 'main'].flatMap(stepsOf)) {
        expect(event).toMatchObject({ contextKind: 'coroutine', threadId: child.pid, phase: 0, after: 0 });
        expect(event.contextId).toBeGreaterThan(0);
        expect(event.contextId).toBeLessThan(2 ** 48);
      }
      for (const name of ['one', 'two', 'main', 'thread'])
        expect(find(`${name} context`).contextKind).toBe('python_context');
      expect(live.losses).toEqual({});
    } finally {
      await live.capture.stop();
      child.kill();
    }
  });
});
