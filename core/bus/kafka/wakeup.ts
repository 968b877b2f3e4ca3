/** Waits that others can end. */

/** A pause; `cancel` frees its timer. */
export interface Timeout {
  readonly over: Promise<undefined>;
  readonly cancel: () => void;
}

/** A pause of so many milliseconds. */
export function timeout(milliseconds: number): Timeout {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  return { over, cancel: () => clearTimeout(timer) };
}

/** Something one caller waits for. */
export class Wakeup {
  #resolve: (() => void) | undefined;

  /** Resolves at the next `wake`, or when the time is over. */
  async wait(milliseconds: number): Promise<void> {
    const limit = timeout(milliseconds);
    await Promise.race([new Promise<void>((resolve) => (this.#resolve = resolve)), limit.over]);
    limit.cancel();
  }

  wake(): void {
    this.#resolve?.();
  }
}
