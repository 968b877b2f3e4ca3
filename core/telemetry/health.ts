/**
 * Liveness and readiness of this process, as the reasons why it is not alive (then it should be killed) or not ready (then no
 * traffic should be sent to it). Stages report to this class and are never asked, so that a hanging stage is detected.
 */

/** A reason why a process is not alive or not ready, in one sentence. */
export type Problem = string;

interface StageState {
  /** Monotonic time of its last sign of life, in milliseconds. */
  turnedAtMs: number;
  /** Its loop has turned at least once. */
  hasTurned: boolean;
  /** Since when it has had nothing to read; undefined when it has. */
  idleSinceMs: number | undefined;
  /** Calls that fail and are tried again, with what they failed with. */
  readonly waits: Map<string, string>;
  /** Failures that a retry cannot fix, by name, with a sentence. */
  readonly failures: Map<string, string>;
}

/** Longest time that one check may take before it counts as failed. */
const checkTimeoutMs = 5_000;
/** Without input for longer an instance counts as standing by: there are as many others as there are partitions. */
const standbyAfterMs = 30_000;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Health of one process; see the top of the file. */
export class Health {
  readonly #stages = new Map<string, StageState>();
  readonly #checks = new Map<string, () => Promise<unknown>>();
  readonly #now: () => number;
  #hasBegun = false;
  #isDraining = false;

  /** @param now a monotonic clock, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The stage exists, but its loop has not turned yet. */
  starts(stage: string): void {
    this.#hasBegun = true;
    if (this.#stages.has(stage)) return;
    const nowMs = this.#now();
    this.#stages.set(stage, {
      turnedAtMs: nowMs,
      hasTurned: false,
      idleSinceMs: nowMs,
      waits: new Map(),
      failures: new Map(),
    });
  }

  /** The loop of the stage has turned. @param hasInput whether partitions are assigned to it */
  turns(stage: string, hasInput = true): void {
    const state = this.#stateOf(stage);
    state.turnedAtMs = this.#now();
    state.hasTurned = true;
    state.idleSinceMs = hasInput ? undefined : (state.idleSinceMs ?? state.turnedAtMs);
  }

  /** A call failed and is retried: the stage is alive but not ready. */
  waits(stage: string, call: string, error: unknown): void {
    const state = this.#stateOf(stage);
    state.turnedAtMs = this.#now();
    state.waits.set(call, textOf(error));
  }

  /** A call that failed before has succeeded. */
  recovers(stage: string, call: string): void {
    const state = this.#stateOf(stage);
    state.turnedAtMs = this.#now();
    state.waits.delete(call);
  }

  /** A part of the stage has stopped working: the process is neither alive nor ready until {@link heals}. */
  fails(stage: string, what: string, text: string): void {
    this.#stateOf(stage).failures.set(what, text);
  }

  /** The failed part works again. */
  heals(stage: string, what: string): void {
    this.#stateOf(stage).failures.delete(what);
  }

  /** The stage continues without a loop: from now on only its checks count. */
  serves(stage: string): void {
    this.#stages.delete(stage);
  }

  /** The process finishes its work and accepts no new work. */
  drains(): void {
    this.#isDraining = true;
  }

  /** Adds a dependency without a loop: readiness calls it each time. */
  check(name: string, ask: () => Promise<unknown>): void {
    this.#checks.set(name, ask);
  }

  /** Why the process is not alive: stages whose last sign of life is older than `boundMs`, and what has stopped working. */
  deathProblems(boundMs: number): readonly Problem[] {
    const nowMs = this.#now();
    const silent = [...this.#stages]
      .filter(([, { turnedAtMs }]) => nowMs - turnedAtMs > boundMs)
      .map(([stage, { turnedAtMs }]) => `${stage}: no turn for ${Math.round((nowMs - turnedAtMs) / 1000)} s`);
    return [...silent, ...this.#failures()];
  }

  #failures(): readonly Problem[] {
    return [...this.#stages].flatMap(([stage, { failures }]) =>
      [...failures.values()].map((text) => `${stage}: ${text}`),
    );
  }

  /** Why the process is not ready; empty when it is. */
  async readinessProblems(): Promise<readonly Problem[]> {
    const problems = this.#isDraining ? ['draining'] : [];
    // Opening the log and the database may take long, and only then the first stage exists.
    if (!this.#hasBegun) problems.push('starting, no stage exists yet');
    const nowMs = this.#now();
    for (const [stage, { hasTurned, idleSinceMs, waits }] of this.#stages) {
      if (!hasTurned && waits.size === 0) problems.push(`${stage}: starting, has not joined its input yet`);
      if (hasTurned && idleSinceMs !== undefined && nowMs - idleSinceMs < standbyAfterMs)
        problems.push(`${stage}: no partitions are assigned to it`);
      for (const [call, text] of waits) problems.push(`${stage}: ${call} fails: ${text}`);
    }
    problems.push(...this.#failures());
    if (this.#isDraining) return problems;
    const checked = await Promise.all([...this.#checks].map(([name, ask]) => outcomeOf(name, ask)));
    return [...problems, ...checked.flat()];
  }

  #stateOf(stage: string): StageState {
    this.starts(stage);
    return this.#stages.get(stage)!;
  }
}

async function outcomeOf(name: string, ask: () => Promise<unknown>): Promise<readonly Problem[]> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${checkTimeoutMs} ms`)), checkTimeoutMs);
  });
  try {
    await Promise.race([ask(), tooLate]);
    return [];
  } catch (error) {
    return [`${name}: ${textOf(error)}`];
  } finally {
    clearTimeout(timer);
  }
}
