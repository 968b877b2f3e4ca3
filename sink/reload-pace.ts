/** Part of the time that loading names may take. */
const maxShare = 0.1;

/**
 * Loads names again after resources were stored, so that the spans that follow have theirs; but where that takes long, as
 * it does with a hundred thousand pods of which some change all the time, no more often than storing can bear. What is
 * passed over comes with the lifetime of the dictionaries, within ten seconds.
 */
export class ReloadPace {
  readonly #clockMs: () => number;
  #dueAtMs = -Infinity;

  /** @param clockMs milliseconds that only grow */
  constructor(clockMs: () => number = () => performance.now()) {
    this.#clockMs = clockMs;
  }

  async whenDue(reload: () => Promise<void>): Promise<void> {
    const startedAtMs = this.#clockMs();
    if (startedAtMs < this.#dueAtMs) return;
    await reload();
    const endedAtMs = this.#clockMs();
    this.#dueAtMs = endedAtMs + (endedAtMs - startedAtMs) * (1 / maxShare - 1);
  }
}
