/**
 * Gathers facts of processes that the kernel reports. A process's memory (command line, environment) is read on another thread,
 * because a process can make that read wait for ever. The batch with its first events waits for it briefly, then is sent
 * without; late facts are sent with a later batch. The bounds below limit how often a process that changes its name, and how
 * many new processes, are examined.
 */
import { setTimeout as sleepByTimer } from 'node:timers/promises';
import type { ProcessMemory, SeenProcess } from '../../native/capture.ts';
import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import type { ProcessTable } from './process-table.ts';

/** What a gatherer needs of the world; clock and timer are replaced in tests. */
export interface FactGathererOptions {
  readonly table: ProcessTable;
  readonly readMemory: (processId: number) => Promise<ProcessMemory | undefined>;
  /** Facts that are new or changed. */
  readonly onFacts: (facts: ProcessFacts) => void;
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** How long a batch waits for the memory of the processes in it. */
const waitMs = 100;
/** One process is looked at again no sooner. */
const againMs = 5_000;
/** Processes looked at in a burst, and per second after that. */
const burst = 4_096;
const perSecond = 500;
/** Processes that wait to be looked at. */
const maxPostponed = 8_192;
const maxRemembered = 65_536;

/** See the top of the file. */
export class FactGatherer {
  readonly #options: FactGathererOptions;
  readonly #now: () => number;
  readonly #sleep: (ms: number) => Promise<unknown>;
  /** When each process was looked at last, the longest ago first. */
  readonly #lookedAt = new Map<number, { readonly startBoottimeNs: number; readonly atMs: number }>();
  readonly #postponed = new Map<number, SeenProcess>();
  #allowance = burst;
  #allowedAtMs: number;
  #leftOut = 0;

  constructor(options: FactGathererOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#sleep = options.sleep ?? ((ms) => sleepByTimer(ms));
    this.#allowedAtMs = this.#now();
  }

  /** Adds a new or changed process. Resolves, and never rejects, when its events need not wait any more. */
  gather(seen: SeenProcess): Promise<void> | undefined {
    const nowMs = this.#now();
    const before = this.#lookedAt.get(seen.processId);
    const isKnown = before?.startBoottimeNs === seen.startBoottimeNs;
    if ((isKnown && nowMs - before.atMs < againMs) || !this.#isAllowed(nowMs)) {
      this.#postpone(seen);
      return undefined;
    }
    this.#postponed.delete(seen.processId);
    this.#remember(seen, nowMs);
    const read = this.#readAndReport(seen);
    // Known already: what has changed may come later.
    if (isKnown) return undefined;
    const late = this.#sleep(waitMs).then(() => 'late' as const);
    return Promise.race([read, late]).then((outcome) => {
      // For now the kernel's facts; the rest follows when it was read.
      if (outcome === 'late') this.#report(seen, undefined);
    });
  }

  /** Number of processes, since the last call, whose facts are missing because too many were new at once. */
  takeLeftOut(): number {
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }

  /** To be called about once a second: looks at processes that were postponed. */
  tick(): void {
    const nowMs = this.#now();
    for (const [processId, seen] of this.#postponed) {
      const before = this.#lookedAt.get(processId);
      if (before?.startBoottimeNs === seen.startBoottimeNs && nowMs - before.atMs < againMs) continue;
      if (!this.#isAllowed(nowMs)) return;
      this.#postponed.delete(processId);
      this.#remember(seen, nowMs);
      void this.#readAndReport(seen);
    }
  }

  async #readAndReport(seen: SeenProcess): Promise<'reported'> {
    let memory: ProcessMemory | undefined;
    try {
      memory = await this.#options.readMemory(seen.processId);
    } catch {
      // It cannot be read: what the kernel says is all there is.
    }
    this.#report(seen, memory);
    return 'reported';
  }

  #report(seen: SeenProcess, memory: ProcessMemory | undefined): void {
    try {
      const facts = this.#options.table.note(seen, memory);
      if (facts !== undefined) this.#options.onFacts(facts);
    } catch {
      // On any error of one process, its facts are left out and everything else continues.
      this.#leftOut++;
    }
  }

  #postpone(seen: SeenProcess): void {
    if (this.#postponed.has(seen.processId) || this.#postponed.size < maxPostponed)
      this.#postponed.set(seen.processId, seen);
    else this.#leftOut++;
  }

  #remember(seen: SeenProcess, atMs: number): void {
    this.#lookedAt.delete(seen.processId);
    if (this.#lookedAt.size >= maxRemembered) this.#lookedAt.delete(this.#lookedAt.keys().next().value!);
    this.#lookedAt.set(seen.processId, { startBoottimeNs: seen.startBoottimeNs, atMs });
  }

  #isAllowed(nowMs: number): boolean {
    this.#allowance = Math.min(burst, this.#allowance + ((nowMs - this.#allowedAtMs) / 1000) * perSecond);
    this.#allowedAtMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }
}
