import type { InternalEvent } from '../../core/telemetry/internal-events.ts';

import type { StageTelemetry } from '../../core/telemetry/stage-telemetry.ts';

/** What can happen to the destinations for OpenTelemetry that people must hear of. */
export const otlpEvents = {
  reportedUnreadable: {
    name: 'reported_unreadable',
    level: 'error',
    message:
      'Spans that applications reported are not well-formed; they are sent without attributes, events and links.',
  },
  partialSuccess: {
    name: 'partial_success',
    level: 'error',
    message: 'The OTLP endpoint acknowledged a request, but left out spans or warned.',
  },
  exportRefused: {
    name: 'export_refused',
    level: 'error',
    message: 'The OTLP endpoint refused traces for good; they are dead letters.',
  },
} as const satisfies Record<string, InternalEvent>;

/** Emits an event when reported spans could not be read since its last call. */
export function unreadableWatch(stage: { readonly unreadable: number }, telemetry: Pick<StageTelemetry, 'emit'>) {
  let known = 0;
  return (): void => {
    const spans = stage.unreadable - known;
    if (spans === 0) return;
    known += spans;
    telemetry.emit(otlpEvents.reportedUnreadable, { spans });
  };
}
