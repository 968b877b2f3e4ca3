import type { InternalEvent } from '../core/telemetry/internal-events.ts';

/** What can happen to the sink that people must hear of. */
export const sinkEvents = {
  minuteNotSummed: {
    name: 'minute_not_summed',
    level: 'warn',
    message: 'A minute could not be summed up: views per minute stay right, and read its rows.',
  },
} as const satisfies Record<string, InternalEvent>;
