import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readSocketEvent, type SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Capture, CapturedBlock, CaptureOptions, SeenProcess } from '../capture.ts';
import { addonPath, capturePrograms, loadNative } from '../load.ts';

/** Support of the tests that capture on the running kernel. */

const capBpf = 39;
const capPerfmon = 38;
const capSysAdmin = 21;

function captureObstacle(): string | undefined {
  if (!existsSync(addonPath) || !existsSync(capturePrograms))
    return 'it is not built (npm run build:bpf, npm run build:native)';
  const capabilities = BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  const has = (capability: number): boolean => ((capabilities >> BigInt(capability)) & 1n) === 1n;
  if (!has(capSysAdmin) && !(has(capBpf) && has(capPerfmon))) return 'CAP_BPF and CAP_PERFMON are missing';
  return undefined;
}

/**
 * Can this process capture? Says in one line why not.
 * @throws Error instead when TEST_REQUIRE_ALL is 1
 */
export function canCapture(): boolean {
  const obstacle = captureObstacle();
  if (obstacle === undefined) return true;
  if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error(`capture cannot be tested: ${obstacle}`);
  console.log(`skipped: capture is not tested, ${obstacle}`);
  return false;
}

/** Options of a small capture. */
export function smallCapture(overrides: Partial<CaptureOptions> = {}): CaptureOptions {
  return {
    objectPath: capturePrograms,
    firstEventId: Date.now() * 1000,
    payloadBytes: 512,
    continuationBytes: 32,
    ringBytes: 4 * 1024 * 1024,
    maxSockets: 4096,
    pollIntervalMs: 5,
    batchIntervalMs: 0,
    maxUnacknowledgedBlocks: 64,
    readGoroutines: true,
    readWaiters: true,
    readPython: true,
    probePython: true,
    traceUnix: true,
    readVirtualThreads: true,
    readWakes: true,
    excludedProcessIds: [],
    redaction: undefined,
    ...overrides,
  };
}

/** Decodes the events of a block. */
export function eventsOf(block: CapturedBlock): SocketEvent[] {
  const reader = new AvroReader(block.events);
  const events = Array.from({ length: block.eventCount }, () => readSocketEvent(reader));
  if (reader.position !== block.events.length) throw new Error('bytes are left after the last event');
  return events;
}

/** What a program printed, and its process id. */
export interface Finished {
  readonly processId: number;
  readonly output: string;
}

/** A running capture that keeps everything it is given. */
export class LiveEvents {
  readonly capture: Capture;
  readonly blocks: CapturedBlock[] = [];
  readonly events: SocketEvent[] = [];
  readonly processes: SeenProcess[] = [];
  /** CLOCK_MONOTONIC in nanoseconds up to which all is here. */
  untilNs = 0;
  /** Set to false to leave blocks unacknowledged. */
  acknowledges = true;

  constructor(overrides: Partial<CaptureOptions> = {}) {
    this.capture = loadNative().startCapture(smallCapture(overrides), (block) => this.#receive(block));
  }

  #receive(block: CapturedBlock): void {
    this.blocks.push(block);
    this.events.push(...eventsOf(block));
    this.processes.push(...block.processes);
    this.untilNs = block.baseMonotonicNs + block.untilOffsetNs;
    if (this.acknowledges) this.capture.acknowledge(1);
  }

  /** Losses since the start, by reason. */
  get losses(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const block of this.blocks)
      for (const [reason, count] of Object.entries(block.losses)) sum[reason] = (sum[reason] ?? 0) + count;
    return sum;
  }

  /** Waits until everything that has happened by now is here. */
  async settle(): Promise<void> {
    const nowNs = Number(process.hrtime.bigint());
    const deadline = Date.now() + 10_000;
    while (this.untilNs < nowNs) {
      if (Date.now() > deadline) throw new Error('the capture does not catch up');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Events of one process, all that have happened by now. */
  async ofProcess(processId: number): Promise<SocketEvent[]> {
    await this.settle();
    return this.events.filter((event) => event.processId === processId);
  }

  /** Runs a program to its end and gives the events of its process. */
  async eventsOf(command: string, ...args: string[]): Promise<SocketEvent[]> {
    const { processId } = await finish(command, ...args);
    return this.ofProcess(processId);
  }
}

/** Runs a program to its end. */
export async function finish(command: string, ...args: string[]): Promise<Finished> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let problems = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (problems += data.toString()));
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (status !== 0) throw new Error(`${command} ended with ${String(status)}: ${problems}`);
  return { processId: child.pid!, output };
}

const prelude = `
import ctypes, errno, os, select, socket, struct, sys, time
def pair(family=socket.AF_INET, host='127.0.0.1', listen=None):
    listener = socket.socket(listen or family); listener.bind(('::' if listen else host, 0)); listener.listen(1)
    client = socket.socket(family); client.connect((host, listener.getsockname()[1]))
    server, _ = listener.accept(); listener.close()
    return client, server
def datagrams():
    a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    b.bind(('127.0.0.1', 0))
    return a, b
`;

/** Arguments for {@link LiveEvents.eventsOf}: the system's Python runs `script`, with sockets at hand. */
export function python(script: string): [string, ...string[]] {
  return [existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3', '-c', prelude + script];
}

/** The payload as text. */
export function textOf(event: SocketEvent): string {
  return Buffer.from(event.payload).toString('latin1');
}

/** One line an event: what is easiest to compare. */
export function summary(event: SocketEvent): string {
  return event.kind === 'data' ? `${event.direction} ${textOf(event)}` : event.kind;
}
