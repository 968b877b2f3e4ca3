/** What is fuzzed: a function that takes any bytes. */

/** A target written in TypeScript; runs in a worker. */
export interface Target {
  /** Inputs of ordinary shape, from which others are made by mutation. */
  seeds(): Promise<readonly Buffer[]>;
  /** Words that mutations put in. */
  readonly dictionary: readonly string[];
  /** Takes one input. Whatever it throws is a finding. */
  run(input: Buffer): void | Promise<void>;
}

/** Refuses what must hold for every input; the message of the finding. */
export function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`does not hold: ${what}`);
}

/** Longest input that is tried, in bytes. */
export const maxInputBytes = 16 * 1024;
