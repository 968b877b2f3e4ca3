import { setTimeout as sleep } from 'node:timers/promises';
import type { Memory, MeasuredProcess, Progress } from './run-process.ts';

/** What one or several processes did together between two moments. */
export interface Measurement {
  readonly records: number;
  readonly seconds: number;
  /** Of all processes together. */
  readonly cpuSeconds: number;
  /** Of the one that took most. */
  readonly peakBytes: number;
  /** What the processes said of their memory, each sample of each process. */
  readonly memory: readonly MemorySample[];
}

/** Memory of one process at one moment. */
export interface MemorySample extends Memory {
  /** Since the measurement began. */
  readonly seconds: number;
}

/** The beginning is left out: modules load, code is compiled, the group forms. */
const warmUpShare = 0.15;
const sampleEveryMs = 100;
/** Less processor time than this share of a core is idle. */
const idleShare = 0.1;
const idleSamples = 5;
const patienceMs = 300_000;

interface Sample {
  readonly atMs: number;
  readonly cpuSeconds: number;
  readonly received: number;
  readonly buffered: number;
  readonly memory: readonly Memory[];
}

async function sample(processes: readonly MeasuredProcess[]): Promise<Sample> {
  const all: readonly Progress[] = await Promise.all(processes.map((each) => each.progress()));
  return {
    atMs: performance.now(),
    cpuSeconds: processes.reduce((sum, each) => sum + each.cpuSeconds(), 0),
    received: all.reduce((sum, { received }) => sum + received, 0),
    buffered: all.reduce((sum, { buffered }) => sum + buffered, 0),
    memory: all.flatMap(({ memory }) => memory ?? []),
  };
}

/**
 * Waits until the processes have worked everything off, and tells what that took after the warm-up.
 *
 * @param total what they receive altogether; a record that passes two steps of a stage is received twice
 */
export async function measure(processes: readonly MeasuredProcess[], total: number): Promise<Measurement> {
  const startedAtMs = performance.now();
  let first: Sample | undefined;
  const last: Sample[] = [];
  const memory: MemorySample[] = [];
  for (;;) {
    const now = await sample(processes);
    if (now.received >= warmUpShare * total) first ??= now;
    last.push(now);
    const seconds = (now.atMs - startedAtMs) / 1000;
    for (const each of now.memory) memory.push({ seconds, ...each });
    if (last.length > idleSamples + 1) last.shift();
    const before = last[0]!;
    const busy = (now.cpuSeconds - before.cpuSeconds) / ((now.atMs - before.atMs) / 1000);
    const isIdle = last.length > idleSamples && busy < idleShare * processes.length;
    if (first !== undefined && now.received >= total && (now.buffered === 0 || isIdle)) {
      const end = isIdle ? before : now;
      return {
        records: total - first.received,
        seconds: (end.atMs - first.atMs) / 1000,
        cpuSeconds: end.cpuSeconds - first.cpuSeconds,
        peakBytes: Math.max(...processes.map((each) => each.peakBytes())),
        memory,
      };
    }
    if (now.atMs - startedAtMs > patienceMs)
      throw new Error(`after ${patienceMs / 1000} s only ${now.received} of ${total} records are worked off`);
    await sleep(sampleEveryMs);
  }
}
