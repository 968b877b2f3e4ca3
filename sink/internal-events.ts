import type { InternalEvent } from '../core/telemetry/internal-events.ts';

/** What can happen to the sink that people must hear of. */
export const sinkEvents = {
  minuteNotSummed: {
    name: 'minute_not_summed',
    level: 'warn',
    message: 'A minute could not be summed up: views per minute stay right, and read its rows.',
  },
  callsNotCounted: {
    name: 'calls_not_counted',
    level: 'warn',
    message: 'Calls could not be counted for Prometheus; it is tried again for ten minutes.',
  },
  seriesOverflow: {
    name: 'series_overflow',
    level: 'warn',
    message: 'There are more services or names of spans than Prometheus may have series; the others count as `other`.',
  },
} as const satisfies Record<string, InternalEvent>;
