/** Kernel events as a source, over a made-up addon. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { imbalance } from '../../core/stage/accounting.ts';
import { Health } from '../../core/telemetry/health.ts';
import type { Capture, CapturedBlock, NativeCapture, ProcessMemory } from '../../native/capture.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { AgentIdentity } from '../agent-identity.ts';
import { ExcludedProcesses } from '../excluded-processes.ts';
import { Outbox } from '../outbox.ts';
import { readStartTicks } from '../processes/proc-files.ts';
import { ResourceIds } from '../processes/resource-ids.ts';
import type { RunningSource } from '../source.ts';
import { WallClock } from '../wall-clock.ts';
import { BpfSource } from './bpf-source.ts';
import { readEventBatchHead, type EventBatchHead } from './event-batch-message.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'spanloom-source-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface World {
  readonly source: BpfSource;
  readonly running: RunningSource;
  readonly give: (block: Partial<CapturedBlock>) => void;
  readonly batches: () => readonly EventBatchHead[];
  readonly emitted: string[];
  acknowledged: number;
  readonly excluded: number[];
}

async function start(
  readMemory: () => Promise<ProcessMemory | undefined>,
  excluded = new ExcludedProcesses(),
  breakIdentity: (blocks: number) => boolean = () => false,
  problems: readonly string[] = [],
): Promise<World> {
  const sent: OutgoingMessage[] = [];
  const emitted: string[] = [];
  const telemetry = { emit: ({ name }: { readonly name: string }) => void emitted.push(name) };
  let onBlock: (block: CapturedBlock) => void = () => undefined;
  const world = { acknowledged: 0, excluded: [] as number[] };
  const capture: Capture = {
    acknowledge: (blocks) => (world.acknowledged += blocks),
    exclude: (processId) => world.excluded.push(processId) > 0 && processId !== 999_999,
    excludeControlGroups: (paths) => paths,
    inspectPrograms: () => Promise.resolve({ files: [], leftOut: 0 }),
    progress: () => ({
      ...{ producedBytes: 0, consumedBytes: 0, ringFull: 0, unacknowledgedBlocks: 0 },
      ...{ failedBlocks: 0, hangingInspections: 0 },
    }),
    problems: () => problems,
    statistics: () => [],
    stop: () => Promise.resolve(),
  };
  const native: NativeCapture = {
    startCapture: (_, receive) => ((onBlock = receive), capture),
    readProcessMemory: readMemory,
    readMacAddresses: () => Promise.resolve([]),
    missingRequirements: () => [],
  };
  const source = new BpfSource({
    native,
    capture: {
      ...{ objectPath: '', payloadBytes: 1, continuationBytes: 1, ringBytes: 4096, maxSockets: 1, pollIntervalMs: 1 },
      ...{
        batchIntervalMs: 1,
        readGoroutines: true,
        readWaiters: true,
        readPython: true,
        probePython: true,
        traceUnix: true,
        readVirtualThreads: true,
        readWakes: false,
        maxUnacknowledgedBlocks: 64,
        redaction: undefined,
      },
    },
    ...{ excluded, excludedCgroups: ['/none'], maxProcesses: 100, processFactsIntervalMs: 30_000 },
    ...{ loopProbeIntervalMs: 5_000, chooseEnvironment: () => ({}) },
  });
  const identity = AgentIdentity.open(folder, { bootId: 'boot', bootTimeNs: 0n }, 1);
  let noted = 0;
  const breaking = Object.create(identity, {
    agentId: { value: identity.agentId },
    bootTimeNs: { value: 0n },
    noteEventId: {
      value: () => {
        if (breakIdentity(++noted)) throw new Error('no space left on device');
      },
    },
  }) as AgentIdentity;
  const running = await source.start({
    ...{ identity: breaking, clock: new WallClock(), resourceIds: new ResourceIds(), hostResourceId: 1, hostName: 'h' },
    outbox: new Outbox({ send: (messages) => Promise.resolve(void sent.push(...messages)) }, telemetry),
    telemetry,
    health: new Health(),
    dataDirectory: folder,
  });
  const empty = {
    ...{ events: Buffer.alloc(0), eventCount: 0, lastEventId: 0, baseMonotonicNs: 0, untilOffsetNs: 0 },
    ...{ losses: {}, processes: [] },
  };
  return Object.assign(world, {
    source,
    running,
    emitted,
    give: (block: Partial<CapturedBlock>) => onBlock({ ...empty, ...block }),
    batches: () =>
      sent
        .filter(({ topic }) => topic === 'events')
        .map(({ value }) => readEventBatchHead(new AvroReader(value as Buffer))),
  });
}

const nothing = (): Promise<undefined> => Promise.resolve(undefined);

it('a block that cannot be sent gives its credit back, and its events are counted and told with the next batch', async () => {
  const world = await start(nothing, undefined, (blocks) => blocks === 2);
  for (let block = 0; block < 3; block++) world.give({ eventCount: 10, losses: block === 1 ? { ring_full: 5 } : {} });
  await world.running.stop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(world.acknowledged).toBe(3);
  expect(world.batches().map(({ losses }) => losses)).toEqual([
    [],
    [
      { reason: 'ring_full', count: 5 },
      { reason: 'failed', count: 10 },
    ],
  ]);
  const accounting = world.source.accounting();
  expect(accounting).toMatchObject({ received: 35, emitted: 20, buffered: 0, dropped: { failed: 10, ring_full: 5 } });
  expect(imbalance(accounting)).toBe(0);
  expect(world.emitted).toContain('batch_failed');
});

it('a block whatever process it tells of never throws into the addon', async () => {
  const world = await start(() => {
    throw new Error('at once');
  });
  const odd = [NaN, -1, 2 ** 40].map((processId) => ({ processId, startBoottimeNs: NaN, name: '\ud800\0' }));
  world.give({ eventCount: 1, processes: [...odd, { processId: 1, startBoottimeNs: 1, name: 'x' }] });
  world.give({ eventCount: 1 });
  await world.running.stop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(world.acknowledged).toBe(2);
  expect(imbalance(world.source.accounting())).toBe(0);
  expect(world.batches()).toHaveLength(2);
});

it('facts that are sent again wait once for a batch, however long none leaves', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  try {
    const world = await start(nothing);
    const seen = { processId: process.pid, startBoottimeNs: readStartTicks(process.pid)! * 10_000_000, name: 'node' };
    world.give({ eventCount: 1, processes: [seen] });
    await vi.waitFor(() => expect(world.batches()).toHaveLength(1));
    vi.advanceTimersByTime(3_600_000);
    world.give({ eventCount: 1 });
    await vi.waitFor(() => expect(world.batches()).toHaveLength(2));
    expect(world.batches().map(({ processes }) => processes.map(({ processId }) => processId))).toEqual([
      [process.pid],
      [process.pid],
    ]);
    await world.running.stop();
  } finally {
    vi.useRealTimers();
  }
});

it('batches leave in their order, with the facts of their processes, when a process does not answer', async () => {
  const world = await start(() => new Promise(() => undefined));
  world.give({ eventCount: 1, processes: [{ processId: 2 ** 22 + 1, startBoottimeNs: 1, name: 'silent' }] });
  world.give({ eventCount: 2 });
  expect(world.batches()).toEqual([]);
  await world.running.stop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(world.batches().map(({ sequence, processes }) => [sequence, processes.map(({ name }) => name)])).toEqual([
    [1, ['silent']],
    [2, []],
  ]);
});

it('leaves out the processes that it is told, also later, and says which it cannot', async () => {
  const excluded = new ExcludedProcesses([999_999]);
  excluded.add(7);
  const world = await start(nothing, excluded);
  excluded.add(8);
  // Whatever a process calls itself.
  world.give({ eventCount: 1, processes: [{ processId: 9, startBoottimeNs: 1, name: 'spanloom-x' }] });
  await world.running.stop();
  expect(world.excluded).toEqual([999_999, 7, 8]);
  expect(world.emitted).toEqual(expect.arrayContaining(['process_not_excluded', 'excluded_cgroup_missing']));
});

it('a program that the kernel refuses is said once, and the rest is captured', async () => {
  const world = await start(nothing, undefined, undefined, ['Loading on_waking: Invalid argument.']);
  world.give({ eventCount: 1 });
  await world.running.stop();
  expect(world.emitted.filter((name) => name === 'capture_program_refused')).toHaveLength(1);
  expect(world.source.accounting()).toMatchObject({ received: 1 });
});
