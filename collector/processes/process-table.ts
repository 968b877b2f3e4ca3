/**
 * The processes whose events were seen. Their facts are sent when they are new or changed, and again at intervals, so that a
 * reader that starts later learns them too.
 */
import { isDeepStrictEqual } from 'node:util';
import { processUid } from '../../core/agents/agent-resources.ts';
import type { ProcessMemory, SeenProcess } from '../../native/capture.ts';
import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import { parseCgroup } from './cgroup-path.ts';
import { type ChooseEnvironment, podUidOf } from './environment-tags.ts';
import { parseCommandLine, parseEnviron, readProcFiles, readStartTicks, type ProcFiles } from './proc-files.ts';
import type { ResourceIds } from './resource-ids.ts';
import { serviceName } from './service-name.ts';

/** What the table needs of the world; replaced in tests. */
export interface ProcessTableOptions {
  readonly agentId: number;
  readonly hostResourceId: number;
  /** Unix time in nanoseconds at which CLOCK_BOOTTIME was 0. */
  readonly bootTimeNs: bigint;
  readonly ids: ResourceIds;
  /** Beyond it the process seen first is forgotten. */
  readonly maxProcesses: number;
  /** Environment variables that become tags. Default: none. */
  readonly chooseEnvironment?: ChooseEnvironment;
  readonly readProcFiles?: (processId: number) => ProcFiles | undefined;
  readonly readStartTicks?: (processId: number) => number | undefined;
}

interface KnownProcess {
  readonly facts: ProcessFacts;
  readonly startTicks: number;
}

const nsPerTick = 10_000_000;

/** Facts of processes by process id. */
export class ProcessTable {
  readonly #options: ProcessTableOptions;
  readonly #readProcFiles: (processId: number) => ProcFiles | undefined;
  readonly #readStartTicks: (processId: number) => number | undefined;
  readonly #known = new Map<number, KnownProcess>();
  /** Process ids whose facts are still to be sent again in this round. */
  #turn: number[] = [];

  constructor(options: ProcessTableOptions) {
    this.#options = options;
    this.#readProcFiles = options.readProcFiles ?? readProcFiles;
    this.#readStartTicks = options.readStartTicks ?? readStartTicks;
  }

  get size(): number {
    return this.#known.size;
  }

  /**
   * Adds a new or changed process; undefined if nothing about it changed.
   *
   * @param memory read before this call; undefined when that could not be read, or not yet
   */
  note(seen: SeenProcess, memory: ProcessMemory | undefined): ProcessFacts | undefined {
    const facts = this.#factsOf(seen, memory);
    const known = this.#known.get(seen.processId);
    if (known !== undefined) {
      if (isSame(known.facts, facts)) return undefined;
      if (known.facts.resourceId !== facts.resourceId) this.#forget(seen.processId);
    }
    this.#known.set(seen.processId, { facts, startTicks: Math.floor(seen.startBoottimeNs / nsPerTick) });
    if (this.#known.size > this.#options.maxProcesses) this.#forget(this.#known.keys().next().value!);
    return facts;
  }

  /**
   * Continues the round over all processes by `share` of them: returns the facts of running ones, to be sent again, and of ended
   * ones, which are forgotten.
   */
  revisit(share: number): { readonly running: readonly ProcessFacts[]; readonly ended: readonly ProcessFacts[] } {
    if (this.#turn.length === 0) this.#turn = [...this.#known.keys()];
    const running: ProcessFacts[] = [];
    const ended: ProcessFacts[] = [];
    for (const processId of this.#turn.splice(0, Math.ceil(this.#known.size * share))) {
      const known = this.#known.get(processId);
      if (known === undefined) continue;
      if (isNear(this.#readStartTicks(processId), known.startTicks)) running.push(known.facts);
      else {
        ended.push(known.facts);
        this.#forget(processId);
      }
    }
    return { running, ended };
  }

  #forget(processId: number): void {
    const known = this.#known.get(processId);
    if (known !== undefined) this.#options.ids.release(known.facts.resourceId);
    this.#known.delete(processId);
  }

  #factsOf(seen: SeenProcess, memory: ProcessMemory | undefined): ProcessFacts {
    const { agentId, hostResourceId, bootTimeNs, ids, chooseEnvironment } = this.#options;
    const { processId, startBoottimeNs, name } = seen;
    const files = this.#readProcFiles(processId);
    // Another process has the id by now: only what the kernel said is about this one.
    const isGone = !isNear(files?.startTicks, Math.floor(startBoottimeNs / nsPerTick));
    const startTimeNs = bootTimeNs + BigInt(Math.round(startBoottimeNs));
    const identity = { processId, startTimeNs };
    const ownFiles = files === undefined || isGone ? undefined : files;
    // It still runs, so what was read before was of no other process with this id.
    const ownMemory = ownFiles === undefined ? undefined : memory;
    const variables = parseEnviron(ownMemory?.environment.toString() ?? '');
    const container = parseCgroup(ownFiles?.cgroup ?? '');
    return {
      ...identity,
      name,
      serviceName: serviceName({
        otelServiceName: variables['OTEL_SERVICE_NAME'] ?? '',
        executable: ownFiles?.executable ?? '',
        commandLine: ownMemory === undefined ? [] : parseCommandLine(ownMemory.commandLine.toString()),
        kernelName: name,
      }),
      executable: ownFiles?.executable ?? '',
      ...container,
      podUid: container.podUid === '' ? podUidOf(variables) : container.podUid,
      resourceId: ids.idOf(processUid(agentId, identity)),
      hostResourceId,
      environment: chooseEnvironment?.(variables) ?? {},
    };
  }
}

/** The kernel rounds down when it makes ticks of nanoseconds, but not everywhere alike. */
function isNear(ticks: number | undefined, expected: number): boolean {
  return ticks !== undefined && Math.abs(ticks - expected) <= 1;
}

function isSame(left: ProcessFacts, right: ProcessFacts): boolean {
  return isDeepStrictEqual(left, right);
}
