import { Counter, Registry, collectDefaultMetrics } from 'prom-client';
import type { InternalEvent } from './internal-events.ts';
import type { Logger } from './logger.ts';

/** Circumstances of an event: fields of its log line. An error goes under `error`. */
export type EventFields = Readonly<Record<string, unknown>>;

/** Logs and metrics of one process. */
export interface Telemetry {
  readonly logger: Logger;
  readonly registry: Registry;
  /** Logs the event at its level and counts it under its name. */
  emit(event: InternalEvent, fields?: EventFields): void;
}

/**
 * Telemetry of a process, with a registry of its own.
 *
 * @param options.processMetrics adds memory, CPU and event-loop figures of the process; off in tests
 */
export function createTelemetry(options: { readonly logger: Logger; readonly processMetrics?: boolean }): Telemetry {
  const registry = new Registry();
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry });
  const counter = new Counter({
    name: 'spanloom_internal_events_total',
    help: 'Internal events by name; each is a log line too.',
    labelNames: ['event', 'stage'] as const,
    registers: [registry],
  });
  return {
    logger: options.logger,
    registry,
    emit(event, fields = {}) {
      const stage = typeof fields['stage'] === 'string' ? fields['stage'] : '';
      counter.inc({ event: event.name, stage });
      options.logger[event.level]({ event: event.name, ...fields }, event.message);
    },
  };
}
