/** The capture itself: order, heartbeats, exclusion, losses that are told, back-pressure, its end. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkKernel } from './check.ts';
import type { Capture } from './capture.ts';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import { loadNative } from './load.ts';
import { canCapture, finish, LiveEvents, python, smallCapture, summary, textOf } from './testing/live-events.ts';

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const chatter = (rounds: number): [string, ...string[]] =>
  python(`
client, server = pair()
for number in range(${rounds}):
    client.send(b'q' * 200); server.recv(1000)
os._exit(0)`);

/** Where control groups of version 2 are mounted. */
function controlGroups(): string | undefined {
  const mount = /^\d+ \d+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1];
  if (mount === undefined) console.log('skipped: there are no control groups of version 2');
  return mount;
}

async function during(live: LiveEvents, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await live.capture.stop();
  }
}

describe.skipIf(!canCapture())('a capture', () => {
  it('starts its ids where it is told', async () => {
    const firstEventId = 2 ** 52;
    const live = new LiveEvents({ firstEventId });
    await during(live, async () => {
      const events = await live.eventsOf(...chatter(1));
      expect(events[0]!.id).toBeGreaterThanOrEqual(firstEventId);
      expect(events[0]!.socketId).toBeGreaterThanOrEqual(firstEventId);
      expect(events.at(-1)!.id).toBeLessThan(firstEventId + 1_000_000);
    });
  });

  it('gives events in the order of their ids although a reply is read before the write has returned', async () => {
    const live = new LiveEvents();
    await during(live, async () => {
      const events = await live.eventsOf(
        ...python(`
import threading
client, server = pair(); sys.setswitchinterval(0.0001)
def echo():
    while data := server.recv(100): server.send(data)
def read():
    while client.recv(100): step.release()
step = threading.Semaphore(1)
threading.Thread(target=echo, daemon=True).start(); threading.Thread(target=read, daemon=True).start()
for number in range(3000): step.acquire(); client.send(b'x')
time.sleep(0.1); os._exit(0)`),
      );
      const data = events.filter((event) => event.kind === 'data');
      expect(data.length).toBeGreaterThan(11_990);
      for (let index = 1; index < data.length; index++) expect(data[index]!.id).toBeGreaterThan(data[index - 1]!.id);
      // Each message starts anew: no read was taken for the continuation of the reply before.
      expect(data.filter((event) => event.messageId !== event.id)).toEqual([]);
      const ofClient = data.filter((event) => event.role === 'client').map((event) => event.direction);
      ofClient.forEach((direction, index) => expect(direction).toBe(index % 2 === 0 ? 'egress' : 'ingress'));
    });
  });

  it('tells of a process once, with its start', async () => {
    const live = new LiveEvents();
    await during(live, async () => {
      const { processId } = await finish(...chatter(100));
      await live.settle();
      const seen = live.processes.filter((process) => process.processId === processId);
      expect(seen).toHaveLength(1);
      expect(seen[0]!.name).toMatch(/^python3/);
      const uptimeNs = Number(process.hrtime.bigint());
      expect(seen[0]!.startBoottimeNs).toBeGreaterThan(uptimeNs - 60e9);
    });
  });

  it('says at least once a second how far it is, also when nothing happens', async () => {
    const live = new LiveEvents();
    await during(live, async () => {
      await sleep(1200);
      const until = live.blocks.map((block) => block.baseMonotonicNs + block.untilOffsetNs);
      expect(until.length).toBeGreaterThanOrEqual(2);
      expect(until).toEqual([...until].sort((left, right) => left - right));
      expect(until.at(-1)!).toBeGreaterThan(Number(process.hrtime.bigint()) - 1e9);
    });
  });

  it('leaves out excluded processes, also those that are excluded while they run', async () => {
    const live = new LiveEvents({ excludedProcessIds: [process.pid] });
    await during(live, async () => {
      const [command, ...options] = python(`
client, server = pair()
for line in sys.stdin: client.send(line.encode()); server.recv(100); print(flush=True)`);
      const child = spawn(command, options, { stdio: ['pipe', 'pipe', 'inherit'] });
      const say = async (text: string): Promise<void> => {
        const done = new Promise((resolve) => child.stdout.once('data', resolve));
        child.stdin.write(`${text}\n`);
        await done;
      };
      await say('heard');
      live.capture.exclude(child.pid!);
      await say('unheard');
      const ended = new Promise((resolve) => child.on('close', resolve));
      child.stdin.end();
      await ended;
      const events = await live.ofProcess(child.pid!);
      expect(events.map(summary)).toEqual(['connect', 'accept', 'egress heard\n', 'ingress heard\n']);
      expect(await live.ofProcess(process.pid)).toEqual([]);
    });
  });

  it('leaves out the processes of control groups, and those of groups below, and no process for its name', async () => {
    const groups = controlGroups();
    if (groups === undefined) return;
    const group = join(groups, `spanloom-test-${process.pid}`);
    mkdirSync(join(group, 'below'), { recursive: true });
    const live = new LiveEvents();
    try {
      await during(live, async () => {
        const name = `/spanloom-test-${process.pid}`;
        expect(live.capture.excludeControlGroups([name, '/../..', '/nowhere'])).toEqual(['/../..', '/nowhere']);
        const inGroup = (folder: string): Promise<SocketEvent[]> =>
          live.eventsOf(
            ...python(`
libc = ctypes.CDLL(None); libc.prctl(15, b'spanloom-x', 0, 0, 0)
open('${folder}/cgroup.procs', 'w').write('0')
client, server = pair(); client.send(b'heard'); server.recv(10); os._exit(0)`),
          );
        expect(await inGroup(groups)).toHaveLength(6);
        expect(await inGroup(group)).toEqual([]);
        expect(await inGroup(join(group, 'below'))).toEqual([]);
        expect(live.capture.excludeControlGroups([])).toEqual([]);
        expect(await inGroup(group)).toHaveLength(6);
      });
    } finally {
      rmdirSync(join(group, 'below'));
      rmdirSync(group);
    }
  });

  it('goes on when what takes its blocks throws, and says how far the kernel is', async () => {
    let blocks = 0;
    const capture = loadNative().startCapture(smallCapture({ maxUnacknowledgedBlocks: 2 }), () => {
      blocks++;
      throw new Error('not taken');
    });
    try {
      for (const deadline = Date.now() + 20_000; blocks < 5 && Date.now() < deadline;) {
        await finish(...chatter(20));
        await sleep(50);
      }
      expect(blocks).toBeGreaterThanOrEqual(5);
      const { failedBlocks, producedBytes, consumedBytes } = capture.progress();
      expect(failedBlocks).toBeGreaterThanOrEqual(5);
      expect(producedBytes).toBeGreaterThan(0);
      expect(consumedBytes).toBeGreaterThan(0);
    } finally {
      await capture.stop();
    }
  });

  it('counts what its ring buffer could not take', async () => {
    const live = new LiveEvents({ ringBytes: 4096, pollIntervalMs: 200 });
    await during(live, async () => {
      const events = await live.eventsOf(...chatter(500));
      await live.settle();
      expect(events.length).toBeLessThan(1004);
      expect(events.length + (live.losses['ring_full'] ?? 0)).toBeGreaterThanOrEqual(1004);
    });
  });

  it('stops handing over while blocks are unacknowledged, and loses nothing that the ring buffer holds', async () => {
    // Whatever else this machine does meanwhile has to fit into the ring buffer too.
    const live = new LiveEvents({ maxUnacknowledgedBlocks: 2, ringBytes: 64 * 1024 * 1024 });
    await during(live, async () => {
      live.acknowledges = false;
      const finished = await finish(...chatter(500));
      await sleep(1200);
      expect(live.blocks).toHaveLength(2);
      live.acknowledges = true;
      live.capture.acknowledge(2);
      expect(await live.ofProcess(finished.processId)).toHaveLength(1004);
      expect(live.losses).toEqual({});
    });
  });

  it('delivers what is left when it stops, and may be stopped twice', async () => {
    const live = new LiveEvents({ pollIntervalMs: 2000 });
    const { processId } = await finish(...chatter(100));
    await live.capture.stop();
    expect(live.events.filter((event) => event.processId === processId)).toHaveLength(204);
    await live.capture.stop();
    live.capture.acknowledge(1);
    expect(live.capture.exclude(1)).toBe(false);
    expect(await live.capture.inspectPrograms(process.pid, true)).toBeUndefined();
    expect(live.capture.statistics()).toEqual([]);
  });

  it('lets events wait for others to travel with, but not many of them, and leaves none behind', async () => {
    const live = new LiveEvents({ batchIntervalMs: 600_000 });
    const { processId } = await finish(...chatter(2000));
    const ofProcess = (): number => live.events.filter((event) => event.processId === processId).length;
    for (const deadlineMs = performance.now() + 20_000; ofProcess() < 2000 && performance.now() < deadlineMs;)
      await sleep(20);
    // All but those of which there are too few for a batch of their own.
    expect(ofProcess()).toBeGreaterThanOrEqual(2000);
    await live.capture.stop();
    expect(ofProcess()).toBe(4004);
  });

  it('remembers as many sockets as it has room for', async () => {
    const live = new LiveEvents({ maxSockets: 128 });
    await during(live, async () => {
      const events = await live.eventsOf(
        ...python(`
pairs = [pair() for number in range(400)]
for client, server in pairs: client.send(b'x'); server.recv(10)
os._exit(0)`),
      );
      // Forgotten sockets lose their role, not their data.
      expect(events.filter((event) => textOf(event) === 'x')).toHaveLength(800);
      expect(events.some((event) => event.role === 'unknown')).toBe(true);
    });
  });

  it.each([
    [{ ringBytes: 5000 }, /power of two/],
    [{ payloadBytes: 5000 }, /at most 4096/],
    [{ firstEventId: 0 }, /firstEventId/],
    [{ objectPath: '/nowhere.o' }, /npm run build:bpf/],
    [{ redaction: { patterns: ['('], headers: [], parameters: [], values: [], sendUnrecognised: false } }, /./],
  ])('is refused with a sentence when started with %j', (overrides, problem) => {
    const start = (): Capture => loadNative().startCapture(smallCapture(overrides), () => undefined);
    expect(start).toThrow(problem);
  });
});

describe.skipIf(!canCapture())('the check of the kernel', () => {
  it('loads and attaches every program', () => {
    const { programs, missing } = checkKernel();
    expect(programs.map((program) => program.name).sort()).toEqual([
      'describe_process',
      'on_loop_phase',
      'on_python_copy',
      'on_recvmmsg',
      'on_sendmmsg',
      'on_socket_destroyed',
      'on_socket_state',
      'on_sys_enter',
      'on_sys_exit',
      'on_waking',
    ]);
    for (const program of programs) expect(program).toEqual({ name: program.name, loaded: true, attached: true });
    expect(missing).toEqual([]);
  });
});
