import type { InternalEvent } from '../core/telemetry/internal-events.ts';

/** What can happen to the query stage that people must hear of. */
export const queryEvents = {
  listening: { name: 'query_listening', level: 'info', message: 'The query API listens.' },
  cut: { name: 'query_cut', level: 'warn', message: 'An answer was cut off: the client cannot take it for whole.' },
  failed: { name: 'query_failed', level: 'warn', message: 'A request could not be answered.' },
} as const satisfies Record<string, InternalEvent>;
