import { TraceChangedError } from './trace-store.ts';

const maxAttempts = 3;

/**
 * Reads a trace, and again from the beginning where it changed meanwhile.
 *
 * @throws TraceChangedError when it changes each time
 */
export async function untilUnchanged<Result>(read: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof TraceChangedError) || attempt === maxAttempts) throw error;
    }
  }
}
