import { PipelineError } from '../errors.ts';
import { runtimeEvents } from '../telemetry/internal-events.ts';
import type { StageTelemetry } from '../telemetry/stage-telemetry.ts';

/** Waits; returns early when the signal fires. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** {@link Sleep} by the clock of this process. */
export const sleepByTimer: Sleep = (milliseconds, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener('abort', finish, { once: true });
  });

/** How calls are repeated. */
export interface RetryOptions {
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  readonly signal: AbortSignal;
  readonly sleep: Sleep;
  /** First pause; it doubles up to `maximumMs`. */
  readonly initialMs: number;
  readonly maximumMs: number;
  /** From 0 to below 1: with it, a pause is between half and all of what it would be, so that instances do not retry together. */
  readonly random?: (() => number) | undefined;
}

/** What {@link retry} came to: a value, or nothing because the signal fired while the call could not succeed. */
export type Attempted<Value> = { readonly done: true; readonly value: Value } | { readonly done: false };

/**
 * Calls until it succeeds, as long as what it throws is a retryable {@link PipelineError}; anything else is thrown.
 * There is no last attempt: input waits (back-pressure), nothing is given up.
 */
export async function retry<Value>(
  call: string,
  action: () => Promise<Value>,
  options: RetryOptions,
): Promise<Attempted<Value>> {
  const { telemetry, signal, sleep } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      const value = await action();
      if (attempt > 1) telemetry.emit(runtimeEvents.recovered, { call, attempt });
      return { done: true, value };
    } catch (error) {
      if (!(error instanceof PipelineError) || !error.retryable) throw error;
      const backoffMs = Math.min(options.maximumMs, options.initialMs * 2 ** (attempt - 1));
      const jittered = options.random === undefined ? backoffMs : backoffMs * (0.5 + options.random() / 2);
      const pauseMs = Math.max(jittered, error.retryAfterMs);
      telemetry.emit(runtimeEvents.retried, { call, attempt, pauseMs, error });
      await sleep(pauseMs, signal);
      if (signal.aborted) return { done: false };
    }
  }
}
