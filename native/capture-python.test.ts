/** Contexts of CPython as execution contexts, on the running kernel and real interpreters. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import type { CaptureOptions } from './capture.ts';
import { canCapture, LiveEvents, textOf } from './testing/live-events.ts';
import { readablePythons } from './testing/python-interpreters.ts';

const systemPython = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** A server that hands its work to tasks and threads, and says which one a call is of by what it writes. */
const server = `
import asyncio, socket, sys
async def echo(reader, writer):
    writer.write(await reader.read(100)); await writer.drain(); writer.close()
async def call(text):
    reader, writer = await asyncio.open_connection('127.0.0.1', backend)
    writer.write(text); await reader.read(100); writer.close()
def block(text):
    with socket.create_connection(('127.0.0.1', backend)) as connection:
        connection.send(text); connection.recv(100)
async def nest(text):
    await asyncio.create_task(call(text))
async def serve(reader, writer):
    name = await reader.read(100)
    await call(name + b' itself')
    await asyncio.gather(*(call(name + b' gather-%d' % index) for index in range(2)))
    await asyncio.create_task(nest(name + b' nested'))
    await asyncio.to_thread(block, name + b' thread')
    writer.write(name + b' reply'); await writer.drain(); writer.close()
async def main():
    global backend
    servers = [await asyncio.start_server(each, '127.0.0.1', 0) for each in (echo, serve)]
    backend, port = (each.sockets[0].getsockname()[1] for each in servers)
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
`;

describe.skipIf(!canCapture() || process.arch !== 'x64')('contexts of CPython', () => {
  const children: ChildProcess[] = [];
  const captures: LiveEvents[] = [];

  const capture = (overrides: Partial<CaptureOptions> = {}): LiveEvents => {
    const live = new LiveEvents(overrides);
    captures.push(live);
    return live;
  };

  /** Starts a program that says one line when it is ready; it ends with its standard input. */
  const start = async (command: string, ...args: readonly string[]): Promise<{ child: ChildProcess; line: string }> => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    return { child, line };
  };

  afterEach(async () => {
    for (const live of captures.splice(0)) await live.capture.stop();
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.stdin!.end();
      await ended;
    }
  });

  /** Sends a request, and resolves when it has been answered. */
  const request = async (port: string, name: string): Promise<void> => {
    const connection = connect(Number(port), '127.0.0.1').resume();
    connection.write(name);
    await once(connection, 'close');
  };

  const written = (events: readonly SocketEvent[], text: string): SocketEvent => {
    const found = events.filter((event) => event.direction === 'egress' && textOf(event) === text);
    // The echo writes it too, in a context without these ancestors.
    expect(found).toHaveLength(text.endsWith(' reply') ? 1 : 2);
    return found[0]!;
  };

  /** Checks what the contexts of one request are to each other. */
  const expectTree = (events: readonly SocketEvent[], name: string): void => {
    const reply = written(events, `${name} reply`);
    const handler = reply.contextId;
    // It has an id of events: that of its beginning.
    expect(handler).toBeGreaterThan(events[0]!.id - 1000);
    expect(handler).toBeLessThan(reply.id);
    expect(written(events, `${name} itself`)).toMatchObject({
      contextId: handler,
      contextAncestors: reply.contextAncestors,
    });
    const request = events.find((event) => event.direction === 'ingress' && textOf(event) === name)!;
    const tasks = ['gather-0', 'gather-1', 'thread'].map((task) => written(events, `${name} ${task}`));
    for (const task of tasks) {
      expect(task.contextAncestors).toEqual([handler, ...reply.contextAncestors].slice(0, 6));
      // Begun after the request was read.
      expect(task.contextId).toBeGreaterThan(request.id);
    }
    expect(new Set([handler, ...tasks.map(({ contextId }) => contextId)]).size).toBe(4);
    const nested = written(events, `${name} nested`);
    expect(nested.contextAncestors.slice(1)).toEqual([handler, ...reply.contextAncestors].slice(0, 5));
    expect(tasks[2]!.threadId).not.toBe(reply.threadId);
  };

  it.each(readablePythons())('of %s are told apart, with what created each', async (interpreter) => {
    const { child, line } = await start(interpreter, '-c', server);
    const live = capture();
    const inspection = await live.capture.inspectPrograms(child.pid!, false);
    expect(inspection?.runtime).toEqual({
      path: expect.any(String) as string,
      version: expect.stringMatching(/^CPython 3\.\d+\.\d+$/) as string,
    });
    for (const name of ['one', 'two', 'three']) await request(line, name);
    const events = await live.ofProcess(child.pid!);
    expect(new Set(events.map(({ contextKind }) => contextKind))).toEqual(new Set(['python_context']));
    for (const name of ['one', 'two', 'three']) expectTree(events, name);
    expect(live.losses).toEqual({});
  });

  it('are known from the first call of a process whose program has been seen', async () => {
    const first = await start(systemPython, '-c', server);
    const live = capture();
    await live.capture.inspectPrograms(first.child.pid!, false);
    const second = await start(systemPython, '-c', server);
    await request(second.line, 'name');
    const events = await live.ofProcess(second.child.pid!);
    expectTree(events, 'name');
    expect((await live.capture.inspectPrograms(second.child.pid!, false))?.runtime).toBeUndefined();
  });

  it('are those that a thread enters: in its own, it is a thread, and what is copied there is copied from it', async () => {
    const script = `
import contextvars, os, socket, sys, threading
variable = contextvars.ContextVar('variable')
a, b = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
b.bind(('127.0.0.1', 0)); a.connect(b.getsockname())
print('ready', flush=True); sys.stdin.readline()
def run(name):
    a.send(name + b' before')
    variable.set(name)
    a.send(name + b' after')
    context = contextvars.copy_context()
    context.run(a.send, name + b' copied')
    context.run(lambda: contextvars.copy_context().run(a.send, name + b' copied twice'))
    deep = context
    for _ in range(8): deep = deep.run(contextvars.copy_context)
    deep.run(a.send, name + b' deep')
run(b'main')
thread = threading.Thread(target=run, args=[b'other']); thread.start(); thread.join()
`;
    const { child } = await start(systemPython, '-c', script);
    const live = capture();
    await live.capture.inspectPrograms(child.pid!, false);
    const ended = once(child, 'exit');
    child.stdin!.write('\n');
    await ended;
    const events = await live.ofProcess(child.pid!);
    for (const name of ['main', 'other']) {
      const find = (what: string): SocketEvent => events.find((event) => textOf(event) === `${name} ${what}`)!;
      const { threadId } = find('before');
      for (const what of ['before', 'after'])
        expect(find(what)).toMatchObject({ contextKind: 'thread', contextId: threadId, contextAncestors: [] });
      const copied = find('copied');
      expect(copied).toMatchObject({ contextKind: 'python_context', contextAncestors: [threadId] });
      expect(copied.contextId).toBeGreaterThan(find('after').id);
      expect(copied.contextId).toBeLessThan(copied.id);
      expect(find('copied twice').contextAncestors).toEqual([copied.contextId, threadId]);
      const { contextAncestors } = find('deep');
      expect(contextAncestors).toHaveLength(6);
      expect(contextAncestors).toEqual([...contextAncestors].sort((left, right) => right - left));
      expect(contextAncestors.every((id) => id > copied.contextId)).toBe(true);
    }
    expect(events.find((event) => textOf(event) === 'other before')!.threadId).not.toBe(child.pid);
  });

  it('have no ancestors without the probe, and are threads when the settings say so', async () => {
    const { child, line } = await start(systemPython, '-c', server);
    const unprobed = capture({ probePython: false });
    const threads = capture({ readPython: false });
    expect((await unprobed.capture.inspectPrograms(child.pid!, false))?.runtime).not.toHaveProperty('probeProblem');
    expect((await threads.capture.inspectPrograms(child.pid!, false))?.runtime).toBeUndefined();
    await request(line, 'name');
    for (const event of await threads.ofProcess(child.pid!))
      expect(event).toMatchObject({ contextKind: 'thread', contextId: event.threadId });
    const events = await unprobed.ofProcess(child.pid!);
    expect(events).not.toHaveLength(0);
    for (const { contextKind, contextId, contextAncestors } of events) {
      expect({ contextKind, contextAncestors }).toEqual({ contextKind: 'python_context', contextAncestors: [] });
      // An address.
      expect(contextId).toBeGreaterThanOrEqual(2 ** 48);
      expect(contextId).toBeLessThan(2 ** 49);
    }
  });

  it('are not looked for after the process runs another program', async () => {
    const script = `
import asyncio, os, socket, sys
a, b = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
b.bind(('127.0.0.1', 0)); a.connect(b.getsockname())
print('ready', flush=True); sys.stdin.readline()
async def main(): a.send(b'as python')
asyncio.run(main())
a.set_inheritable(True)
os.execv('/bin/bash', ['bash', '-c', 'echo -n as bash >&%d' % a.fileno()])
`;
    const { child } = await start(systemPython, '-c', script);
    const live = capture();
    await live.capture.inspectPrograms(child.pid!, false);
    const ended = once(child, 'exit');
    child.stdin!.write('\n');
    await ended;
    const events = await live.ofProcess(child.pid!);
    const find = (text: string): SocketEvent => events.find((event) => textOf(event) === text)!;
    expect(find('as python')).toMatchObject({ contextKind: 'python_context' });
    expect(find('as bash')).toMatchObject({ contextKind: 'thread', contextId: child.pid, contextAncestors: [] });
  });

  describe('of a program that passes for one of CPython', () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanloom-false-python-'));
    const path = join(folder, 'false-python');
    beforeAll(() => {
      const source = fileURLToPath(new URL('testing/false-python.c', import.meta.url));
      execFileSync('cc', ['-w', '-O1', '-o', path, source]);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('are probed for as long as the capture lasts, in processes that ran before too', async () => {
      // A file of its own: probes are those of a file, and other captures of this machine may have probed any other.
      const probed = join(folder, 'probed-python');
      copyFileSync(path, probed);
      const child = spawn(probed, ['bytes of its code'], { stdio: ['pipe', 'pipe', 'inherit'] });
      children.push(child);
      const lines = createInterface(child.stdout);
      const firstByte = async (): Promise<string> => {
        child.stdin.write('\n');
        const [line] = (await once(lines, 'line')) as [string];
        return line;
      };
      const before = await firstByte();
      const live = capture();
      await live.capture.inspectPrograms(child.pid!, false);
      expect(await firstByte()).not.toBe(before);
      await live.capture.stop();
      // Another thread takes the probes off.
      while ((await firstByte()) !== before);
    });

    const thread = { contextKind: 'thread', contextAncestors: [] };
    const python = { contextKind: 'python_context', contextAncestors: [] };
    const unreadable = { ...python, contextId: 0 };
    const someAddress = { ...python, contextId: expect.any(Number) as number };
    it.each<[string, object]>([
      ['nothing', someAddress],
      ['further keys', someAddress],
      ['threads in a circle', someAddress],
      ['threads of no memory', someAddress],
      ['another owner', unreadable],
      ['a state of no memory', unreadable],
      ['a state of the kernel', unreadable],
      ['a context of no memory', thread],
      ['a context of the kernel', thread],
      ['no state', thread],
      ['no context', thread],
      ['its own context', thread],
      ['another stack', { contextKind: 'coroutine', contextId: expect.any(Number) as number, phase: 0, after: 0 }],
      ['another stack, and none', { contextKind: 'coroutine', contextId: 0 }],
      ['the same stack, larger', thread],
      ['a stack of another state', thread],
      ['a stack in a circle', thread],
      ['a stack of no memory', thread],
      ['a stack of the kernel', thread],
      [
        'copies of itself',
        { ...python, contextAncestors: Array.from({ length: 6 }, () => expect.any(Number) as number) },
      ],
    ])('with %s are no more than it says of itself', async (lie, expected) => {
      const { child } = await start(path, lie);
      const live = capture();
      expect((await live.capture.inspectPrograms(child.pid!, false))?.runtime).toEqual({
        path,
        version: 'CPython 3.11.2',
      });
      const ended = once(child, 'exit');
      child.stdin!.end('.');
      await ended;
      const events = await live.ofProcess(child.pid!);
      const event = events.find((each) => textOf(each) === 'lie')!;
      expect(event).toMatchObject(expected);
      if (event.contextKind === 'thread') expect(event.contextId).toBe(child.pid);
      expect(live.losses).toEqual({});
    });

    it.each(['no threads', 'owners of no memory', 'interpreters of the kernel'])(
      'with %s are looked for a few times, and unknown then',
      async (lie) => {
        const { child } = await start(path, lie);
        const live = capture();
        for (let tries = 1; tries < 12; tries++)
          expect(await live.capture.inspectPrograms(child.pid!, false)).toEqual({ files: [], leftOut: 1 });
        expect((await live.capture.inspectPrograms(child.pid!, false))?.runtime).toMatchObject({
          problem: 'Where its threads keep their state cannot be told.',
        });
        expect(await live.capture.inspectPrograms(child.pid!, false)).toEqual({ files: [], leftOut: 0 });
        const ended = once(child, 'exit');
        child.stdin!.end('.');
        await ended;
        const events = await live.ofProcess(child.pid!);
        expect(events.find((each) => textOf(each) === 'lie')).toMatchObject(unreadable);
      },
    );
  });
});
