/** One process runs many files of tests: what one leaves behind in it, the next would find. */
import { afterAll, expect, vi } from 'vitest';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const;
const environment = process.env;
const before = state();

function state(): object {
  return {
    variables: { ...process.env },
    isEnvironmentReplaced: process.env !== environment,
    isTimeFaked: vi.isFakeTimers(),
    folder: process.cwd(),
    handlers: signals.map((signal) => `${signal} ${process.listenerCount(signal)}`),
  };
}

afterAll(() => expect(state(), 'what this file leaves behind').toEqual(before));
