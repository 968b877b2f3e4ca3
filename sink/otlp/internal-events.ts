import type { InternalEvent } from '../../core/telemetry/internal-events.ts';

/** What can happen to the destinations for OpenTelemetry that people must hear of. */
export const otlpEvents = {
  reportedUnreadable: {
    name: 'reported_unreadable',
    level: 'error',
    message:
      'Spans that applications reported are not well-formed; they are sent without attributes, events and links.',
  },
} as const satisfies Record<string, InternalEvent>;
