/** Virtual threads of Java as execution contexts, on the running kernel and real JDKs. */
import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import type { CaptureOptions } from './capture.ts';
import { findJdks, type Jdk } from './testing/jdks.ts';
import { canCapture, LiveEvents, textOf } from './testing/live-events.ts';

const support = (name: string): string => fileURLToPath(new URL(`testing/${name}`, import.meta.url));

const isHere = canCapture() && process.arch === 'x64';
const jdks = isHere && spawnSync('javac', ['-version']).status === 0 ? findJdks() : [];
const withVirtualThreads = jdks.filter(({ feature }) => feature >= 21);
const without = jdks.filter(({ feature }) => feature < 19);
if (isHere && withVirtualThreads.length === 0) {
  const skipped = 'virtual threads of Java are not tested, no JDK has them (21 or later; TEST_JDKS names homes)';
  if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error(skipped);
  console.log(`skipped: ${skipped}`);
}
const named = (all: readonly Jdk[]): [string, Jdk][] => all.map((jdk) => [jdk.version, jdk]);

/** A process that does what a line of its input asks for, and says "ready" and "done". */
class Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  #output = '';

  constructor(program: string, args: readonly string[]) {
    this.process = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.process.stdout.on('data', (data: Buffer) => (this.#output += data.toString()));
  }

  get id(): number {
    return this.process.pid!;
  }

  async ready(): Promise<this> {
    await this.#says('ready');
    return this;
  }

  async run(): Promise<void> {
    this.#output = '';
    this.process.stdin.write('.');
    await this.#says('done');
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.stdin.end();
    this.process.kill();
    await ended;
  }

  async #says(word: string): Promise<void> {
    while (!this.#output.includes(word)) await once(this.process.stdout, 'data');
  }
}

describe.skipIf(!isHere)('virtual threads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-virtual-threads-'));
  const children: Child[] = [];
  const captures: LiveEvents[] = [];

  const capture = (overrides: Partial<CaptureOptions> = {}): LiveEvents => {
    const live = new LiveEvents({ ringBytes: 32 * 1024 * 1024, ...overrides });
    captures.push(live);
    return live;
  };

  const start = (jdk: Jdk, kind: 'virtual' | 'platform', ...options: readonly string[]): Promise<Child> => {
    const collects = options.length > 0 ? ['collect'] : [];
    const args = ['-Xmx64m', ...options, '-cp', folder, 'VirtualThreads', kind, '100', ...collects];
    const child = new Child(join(jdk.home, 'bin', 'java'), args);
    children.push(child);
    return child.ready();
  };

  /** Datagrams that the program says it sent, and from which java.lang.Thread. */
  const sent = async (live: LiveEvents, child: Pick<Child, 'id'>): Promise<{ event: SocketEvent; id: number }[]> =>
    (await live.ofProcess(child.id))
      .filter(({ direction, kind }) => kind === 'data' && direction === 'egress')
      .map((event) => ({ event, id: Number(/^id (\d+)$/.exec(textOf(event))![1]) }));

  beforeAll(() => {
    if (jdks.length > 0)
      execFileSync('javac', ['--release', '11', '-nowarn', '-d', folder, support('VirtualThreads.java')], {
        stdio: 'pipe',
      });
  });
  afterEach(async () => {
    for (const live of captures.splice(0)) await live.capture.stop();
    for (const child of children.splice(0)) await child.end();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(named(withVirtualThreads))(
    'of JDK %s are the contexts of a process that ran before',
    async (version, jdk) => {
      const child = await start(jdk, 'virtual');
      const live = capture();
      const found = await live.capture.inspectPrograms(child.id, false);
      expect(found).toMatchObject({ leftOut: 0, runtime: { version: expect.stringContaining(version) as string } });
      expect(found?.runtime?.problem).toBeUndefined();
      await child.run();
      const all = await sent(live, child);
      expect(all).toHaveLength(200);
      for (const { event, id } of all)
        expect(event).toMatchObject({ contextKind: 'virtual_thread', contextId: id, after: 0, phase: 0 });
      expect(new Set(all.map(({ id }) => id)).size).toBe(100);
    },
  );

  it.each(named(withVirtualThreads))('of JDK %s are not its other threads', async (_version, jdk) => {
    const child = await start(jdk, 'platform');
    const live = capture();
    await live.capture.inspectPrograms(child.id, false);
    await child.run();
    const all = await sent(live, child);
    expect(all).toHaveLength(200);
    for (const { event } of all) expect(event).toMatchObject({ contextKind: 'thread', contextId: event.threadId });
  });

  const collectors = [
    ...['-XX:+UseSerialGC', '-XX:+UseParallelGC', '-XX:+UseG1GC', '-XX:+UseZGC', '-XX:+UseShenandoahGC'],
    ...['-XX:-UseCompressedOops', '-XX:-UseCompressedClassPointers', '-XX:+UseCompactObjectHeaders'],
  ];
  it.each(
    withVirtualThreads.flatMap((jdk) => [
      ...collectors.map((option) => [jdk.version, option, jdk] as const),
      // Gone in 24, where there is no other.
      ...(jdk.feature < 24 ? [[jdk.version, '-XX:+UseZGC -XX:+ZGenerational', jdk] as const] : []),
    ]),
  )('of JDK %s with %s are never another while objects move', async (_version, options, jdk) => {
    // An option that this build or version does not have leaves it with its own choice.
    const child = await start(jdk, 'virtual', '-XX:+IgnoreUnrecognizedVMOptions', ...options.split(' '));
    const live = capture();
    await live.capture.inspectPrograms(child.id, false);
    await child.run();
    const all = await sent(live, child);
    expect(all).toHaveLength(200);
    for (const { event, id } of all) {
      expect(event.contextKind).toBe('virtual_thread');
      expect([id, 0]).toContain(event.contextId);
    }
    // Before 24 what is read in a safepoint is unknown; most is not.
    expect(all.filter(({ event }) => event.contextId !== 0).length).toBeGreaterThan(jdk.feature < 24 ? 0 : 199);
  });

  it.skipIf(withVirtualThreads.length === 0)('are those of a process that sees other ids of its threads', async () => {
    const java = join(withVirtualThreads[0]!.home, 'bin', 'java');
    const args = [
      '--pid',
      '--fork',
      '--kill-child',
      java,
      '-Xmx64m',
      '-cp',
      folder,
      'VirtualThreads',
      'virtual',
      '100',
    ];
    const child = new Child('unshare', args);
    children.push(child);
    await child.ready();
    const inside = Number(readFileSync(`/proc/${child.id}/task/${child.id}/children`, 'utf8'));
    const live = capture();
    await live.capture.inspectPrograms(inside, false);
    await child.run();
    const all = await sent(live, { id: inside });
    expect(all).toHaveLength(200);
    for (const { event, id } of all) expect(event).toMatchObject({ contextKind: 'virtual_thread', contextId: id });
  });

  it.skipIf(withVirtualThreads.length === 0)(
    'are unknown, and no threads, until the process is looked at',
    async () => {
      const jdk = withVirtualThreads.at(-1)!;
      const live = capture();
      const first = await start(jdk, 'virtual');
      await live.capture.inspectPrograms(first.id, false);
      const second = await start(jdk, 'virtual');
      await second.run();
      for (const { event } of await sent(live, second))
        expect(event).toMatchObject({ contextKind: 'virtual_thread', contextId: 0 });
      // Its program is known, and reported.
      expect((await live.capture.inspectPrograms(second.id, false))?.runtime).toBeUndefined();
      await second.run();
      for (const { event, id } of (await sent(live, second)).slice(200))
        expect(event).toMatchObject({ contextKind: 'virtual_thread', contextId: id });
    },
  );

  it.skipIf(withVirtualThreads.length === 0)('are left alone when the settings say so', async () => {
    const child = await start(withVirtualThreads[0]!, 'virtual');
    const live = capture({ readVirtualThreads: false });
    expect((await live.capture.inspectPrograms(child.id, false))?.runtime).toBeUndefined();
    await child.run();
    for (const { event } of await sent(live, child))
      expect(event).toMatchObject({ contextKind: 'thread', contextId: event.threadId });
  });

  it.each(named(without))('are not looked for in JDK %s, which has none', async (_version, jdk) => {
    const child = await start(jdk, 'platform');
    const live = capture();
    expect(await live.capture.inspectPrograms(child.id, true)).toMatchObject({ files: [], leftOut: 0 });
    await child.run();
    for (const { event } of await sent(live, child))
      expect(event).toMatchObject({ contextKind: 'thread', contextId: event.threadId });
  });

  describe('of a program that lies', () => {
    const program = join(folder, 'false-java');
    beforeAll(() => {
      execFileSync('cc', ['-w', '-shared', '-fPIC', '-o', join(folder, 'libjvm.so'), support('false-java.c')]);
      const main = 'int run(int, char **); int main(int count, char **arguments) { return run(count, arguments); }';
      const args = ['-x', 'c', '-', '-o', program, `-L${folder}`, '-ljvm', `-Wl,-rpath,${folder}`];
      execFileSync('cc', args, { input: main });
    });

    /** What the kernel programs say of its only datagram, and user space of the process. */
    const lie = async (lie: string, jdk: string): Promise<{ event: SocketEvent; problem: string | undefined }> => {
      // Another file for each, so that none is known.
      const path = `${program}-${lie.replaceAll(' ', '-')}-${jdk}`;
      cpSync(program, path);
      const child = await new Child(path, [lie, jdk]).ready();
      children.push(child);
      const live = capture();
      const found = await live.capture.inspectPrograms(child.id, true);
      const ended = once(child.process, 'exit');
      child.process.stdin.end('.');
      await ended;
      const event = (await live.ofProcess(child.id)).find((each) => textOf(each) === 'lie')!;
      return { event, problem: found?.runtime?.problem };
    };

    const told = { contextKind: 'virtual_thread', contextId: 7 };
    const unreadable = { contextKind: 'virtual_thread', contextId: 0 };
    const thread = { contextKind: 'thread' };
    it.each<[string, object, object]>([
      ['nothing', told, told],
      ['a number beyond all', unreadable, unreadable],
      ['the thread of another', unreadable, unreadable],
      ['no addresses', unreadable, unreadable],
      ['kernel addresses', unreadable, unreadable],
      ['handles to nowhere', unreadable, unreadable],
      ['objects that are nowhere', unreadable, unreadable],
      ['the object of another', unreadable, unreadable],
      ['another number than its object', { ...told, contextId: 8 }, unreadable],
      ['a safepoint', unreadable, told],
      ['no virtual thread', thread, thread],
      ['no Java on this thread', thread, thread],
      ['a thread of the machine', thread, thread],
    ])('with %s are no more than it says of itself', async (name, before24, since24) => {
      for (const [jdk, expected] of [
        ['21', before24],
        ['24', since24],
      ] as const) {
        const { event, problem } = await lie(name, jdk);
        expect(problem).toBeUndefined();
        expect(event).toMatchObject(expected);
      }
    });

    it.each([
      'no table',
      'entries of no size',
      'entries beyond all',
      'a table without end',
      'no thread in its list',
      'pointers that none may follow',
    ])('with %s are unknown', async (name) => {
      const { event, problem } = await lie(name, '21');
      if (name !== 'pointers that none may follow') expect(problem).toEqual(expect.any(String));
      expect(event).toMatchObject(unreadable);
    });
  });
});
