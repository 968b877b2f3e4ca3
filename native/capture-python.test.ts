/** Contexts of CPython as execution contexts, on the running kernel and real interpreters. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import type { CaptureOptions } from './capture.ts';
import { canCapture, LiveEvents, textOf } from './testing/live-events.ts';

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
    const { connect } = await import('node:net');
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
      expect(task.contextAncestors).toEqual([handler, ...reply.contextAncestors]);
      // Begun after the request was read.
      expect(task.contextId).toBeGreaterThan(request.id);
    }
    expect(new Set([handler, ...tasks.map(({ contextId }) => contextId)]).size).toBe(4);
    const nested = written(events, `${name} nested`);
    expect(nested.contextAncestors.slice(1)).toEqual([handler, ...reply.contextAncestors]);
    expect(tasks[2]!.threadId).not.toBe(reply.threadId);
  };

  it('are told apart, with what created each', async () => {
    const { child, line } = await start(systemPython, '-c', server);
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
});
