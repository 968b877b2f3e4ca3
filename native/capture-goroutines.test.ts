/** Goroutines as execution contexts, on the running kernel and real programs of Go. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import type { CaptureOptions } from './capture.ts';
import { canCapture, LiveEvents, python, textOf } from './testing/live-events.ts';

const source = fileURLToPath(new URL('testing/go-gateway/main.go', import.meta.url));

function hasGo(): boolean {
  if (spawnSync('go', ['version']).status === 0) return true;
  if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error('goroutines cannot be tested: go is not installed');
  console.log('skipped: goroutines are not tested, go is not installed');
  return false;
}

/** A call that the gateway makes. */
interface Call {
  readonly write: SocketEvent;
  /** The first read of its answer. */
  readonly answer: SocketEvent;
}

describe.skipIf(!canCapture() || !hasGo())('goroutines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-goroutines-'));
  const built = new Map<string, string>();
  const children: ChildProcess[] = [];
  const captures: LiveEvents[] = [];

  /** Builds the gateway, once for these arguments. */
  const build = (environment: Readonly<Record<string, string>> = {}, ...args: readonly string[]): string => {
    const key = JSON.stringify([environment, args]);
    const known = built.get(key);
    if (known !== undefined) return known;
    const path = join(folder, `gateway-${built.size}`);
    execFileSync('go', ['build', '-o', path, ...args, source], { env: { ...process.env, ...environment } });
    built.set(key, path);
    return path;
  };

  const capture = (overrides: Partial<CaptureOptions> = {}): LiveEvents => {
    const live = new LiveEvents(overrides);
    captures.push(live);
    return live;
  };

  /** Starts a gateway; gives its process and its address. */
  const start = async (path: string): Promise<{ readonly processId: number; readonly url: string }> => {
    const child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return { processId: child.pid!, url: `http://${line.toString().split(' ')[0]!}` };
  };

  beforeAll(() => build({ CGO_ENABLED: '0' }), 120_000);
  afterEach(async () => {
    for (const live of captures.splice(0)) await live.capture.stop();
    for (const child of children.splice(0)) {
      const ended = once(child, 'exit');
      child.stdin!.end();
      await ended;
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const get = async (url: string): Promise<string> => (await fetch(url)).text();

  const isRequest = (event: SocketEvent, name: string): boolean => textOf(event).startsWith(`GET ${name} `);
  /** The read of a request by its path with the query. */
  const requestOf = (events: readonly SocketEvent[], name: string): SocketEvent => {
    const found = events.filter((event) => event.direction === 'ingress' && isRequest(event, name));
    expect(found).toHaveLength(1);
    return found[0]!;
  };
  const callOf = (events: readonly SocketEvent[], name: string): Call => {
    const [write, ...more] = events.filter((event) => event.direction === 'egress' && isRequest(event, name));
    expect(more).toEqual([]);
    const answer = events.find(
      ({ id, socketId, direction }) => id > write!.id && socketId === write!.socketId && direction === 'ingress',
    );
    return { write: write!, answer: answer! };
  };

  it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['static', { CGO_ENABLED: '0' }, []],
    ['static and stripped', { CGO_ENABLED: '0' }, ['-ldflags=-s -w']],
    ['with cgo', { CGO_ENABLED: '1' }, []],
    ['with cgo, another linker, and stripped', { CGO_ENABLED: '1' }, ['-ldflags=-linkmode=external -s -w']],
    [
      'with cgo, another linker, position independent, and stripped',
      { CGO_ENABLED: '1' },
      ['-buildmode=pie', '-ldflags=-linkmode=external -s -w'],
    ],
  ])(
    'are the contexts of a program that is %s',
    async (_name, environment, args) => {
      const path = build(environment, ...args);
      const { processId, url } = await start(path);
      const live = capture();
      const inspection = await live.capture.inspectPrograms(processId, false);
      expect(inspection?.runtime).toEqual({ path, version: expect.stringMatching(/^go1\./) as string });
      await get(`${url}/direct?d`);

      const events = (await live.ofProcess(processId)).filter(({ kind }) => kind === 'data');
      for (const event of events) {
        expect(event.contextKind).toBe('goroutine');
        expect(event.contextId).toBeGreaterThan(0);
        // A goroutine changes threads: what its thread read last says nothing.
        expect(event).toMatchObject({ after: 0, phase: 0 });
      }
      const request = requestOf(events, '/direct?d');
      expect(callOf(events, '/d').write).toMatchObject({ contextId: request.contextId, answersTo: [] });
      // Served by a goroutine of its own, which another one began.
      expect(requestOf(events, '/d').contextId).not.toBe(request.contextId);
      expect(requestOf(events, '/d').contextAncestors).toEqual([expect.any(Number)]);
    },
    120_000,
  );

  it('wait for the answer of the one that writes for them', async () => {
    const { processId, url } = await start(build({ CGO_ENABLED: '0' }));
    const live = capture();
    await live.capture.inspectPrograms(processId, false);
    // The second takes the pool's connection of the first.
    for (const name of ['one', 'two']) await get(`${url}/pooled?${name}`);
    await get(`${url}/parallel?both`);
    await get(`${url}/worker?work`);

    const events = await live.ofProcess(processId);
    for (const name of ['one', 'two']) {
      const { write } = callOf(events, `/${name}`);
      const asker = requestOf(events, `/pooled?${name}`).contextId;
      expect(write.contextId).not.toBe(asker);
      expect(write.answersTo[0]).toBe(asker);
    }
    const asker = requestOf(events, '/parallel?both').contextId;
    const askers = ['/both-1', '/both-2'].map((name) => callOf(events, name).write.answersTo);
    // Each call has a goroutine of its own, a child of the one that serves.
    expect(askers[0]![0]).not.toBe(askers[1]![0]);
    for (const answersTo of askers) expect(answersTo).toContain(asker);
    // Who handed work to a worker may begin to wait only after the worker's write; certainly before the answer is read.
    const { write, answer } = callOf(events, '/work');
    expect([...write.answersTo, ...answer.answersTo]).toContain(requestOf(events, '/worker?work').contextId);
    expect(live.losses).toEqual({});
  });

  it('wait for the answer of those that write to one connection in turn', async () => {
    const { processId, url } = await start(build({ CGO_ENABLED: '0' }));
    const live = capture();
    await live.capture.inspectPrograms(processId, false);
    for (const path of ['/shared-0?a', '/shared-1?b', '/shared-0?c']) await get(url + path);

    const events = await live.ofProcess(processId);
    const writes = ['/a', '/b', '/c'].map((name) =>
      events.find((event) => event.direction === 'egress' && isRequest(event, name))!,
    );
    // One message, as nothing was read between them.
    expect(new Set(writes.map(({ messageId }) => messageId)).size).toBe(1);
    const askers = ['/shared-0?a', '/shared-1?b', '/shared-0?c'].map((name) => requestOf(events, name).contextId);
    expect(writes.map(({ answersTo }) => answersTo[0])).toEqual(askers);
  });

  it('are known from the first call of a process whose program has been seen', async () => {
    const live = capture();
    const path = build({ CGO_ENABLED: '0' });
    const first = await start(path);
    await live.capture.inspectPrograms(first.processId, false);
    const second = await start(path);
    await get(`${second.url}/direct?d`);
    const events = await live.ofProcess(second.processId);
    expect(new Set(events.map(({ contextKind }) => contextKind))).toEqual(new Set(['goroutine']));
    expect((await live.capture.inspectPrograms(second.processId, false))?.runtime).toBeUndefined();
  });

  it('are unknown, and no threads, in a version that is not known', async () => {
    const path = join(folder, 'unknown-version');
    const program = readFileSync(build({ CGO_ENABLED: '0' }));
    const at = program.indexOf('\xff Go buildinf:', 0, 'latin1') + 33;
    program.write('go1.99', at, 'latin1');
    writeFileSync(path, program, { mode: 0o755 });
    const { processId, url } = await start(path);
    const live = capture();
    expect(await live.capture.inspectPrograms(processId, false)).toMatchObject({
      runtime: { path, problem: expect.stringContaining('go1.99') as string },
    });
    await get(`${url}/pooled?p`);
    const events = await live.ofProcess(processId);
    expect(events).not.toHaveLength(0);
    for (const event of events)
      expect(event).toMatchObject({ contextKind: 'goroutine', contextId: 0, answersTo: [], after: 0, phase: 0 });
  });

  it('are not looked for after the process runs another program', async () => {
    const go = join(folder, 'exec.go');
    writeFileSync(
      go,
      `package main
import ("fmt"; "net"; "os"; "syscall")
func main() {
	fmt.Println("ready"); os.Stdin.Read(make([]byte, 1))
	connection, _ := net.Dial("udp", "127.0.0.1:9"); connection.Write([]byte("as go"))
	syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
}`,
    );
    const path = join(folder, 'exec');
    execFileSync('go', ['build', '-o', path, go], { env: { ...process.env, CGO_ENABLED: '0' } });
    const script = python(`client, server = pair(); client.send(b'as python'); os._exit(0)`);
    const child = spawn(path, script, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const live = capture();
    await live.capture.inspectPrograms(child.pid!, false);
    const ended = once(child, 'exit');
    child.stdin.end('.');
    await ended;
    const events = await live.ofProcess(child.pid!);
    const find = (text: string): SocketEvent => events.find((event) => textOf(event) === text)!;
    expect(find('as go')).toMatchObject({ contextKind: 'goroutine' });
    expect(find('as python')).toMatchObject({ contextKind: 'thread', contextId: find('as python').threadId });
  });

  describe.skipIf(process.arch !== 'x64')('of a program that lies', () => {
    const path = join(folder, 'false-go');
    beforeAll(() => {
      const falseGo = fileURLToPath(new URL('testing/false-go.c', import.meta.url));
      execFileSync('cc', ['-w', '-static', '-o', path, falseGo]);
    });

    const told = { contextKind: 'goroutine', contextId: 7, contextAncestors: [100] };
    const unreadable = { contextKind: 'goroutine', contextId: 0, answersTo: [] };
    it.each<[string, object]>([
      ['waiters in a circle', { ...told, answersTo: [8, 101, 7, 100, 8, 101] }],
      ['a number beyond all', { ...told, contextId: 0 }],
      ['another goroutine', unreadable],
      ['no addresses', unreadable],
      ['kernel addresses', unreadable],
      ['a stack of no memory', { ...told, answersTo: [] }],
      ['a stack without end', { ...told, answersTo: [] }],
      ['waiters of no memory', { ...told, answersTo: [] }],
      ['no goroutine', { contextKind: 'thread', answersTo: [] }],
    ])('with %s are no more than it says of itself', async (lie, expected) => {
      const child = spawn(path, [lie], { stdio: ['pipe', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      const live = capture();
      expect((await live.capture.inspectPrograms(child.pid!, false))?.runtime).toEqual({ path, version: 'go1.21.0' });
      const ended = once(child, 'exit');
      child.stdin.end('.');
      await ended;
      const events = await live.ofProcess(child.pid!);
      expect(events.find((event) => textOf(event) === 'lie')).toMatchObject(expected);
    });
  });

  it('are left alone when the settings say so', async () => {
    const { processId, url } = await start(build({ CGO_ENABLED: '0' }));
    const threads = capture({ readGoroutines: false });
    expect((await threads.capture.inspectPrograms(processId, false))?.runtime).toBeUndefined();
    const alone = capture({ readWaiters: false });
    await alone.capture.inspectPrograms(processId, false);
    await get(`${url}/pooled?p`);
    for (const event of await threads.ofProcess(processId))
      expect(event).toMatchObject({ contextKind: 'thread', contextId: event.threadId });
    const events = await alone.ofProcess(processId);
    expect(new Set(events.map(({ contextKind }) => contextKind))).toEqual(new Set(['goroutine']));
    expect(events.flatMap(({ answersTo }) => answersTo)).toEqual([]);
  });
});
