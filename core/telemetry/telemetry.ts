import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { Health } from './health.ts';
import type { InternalEvent } from './internal-events.ts';
import type { Logger } from './logger.ts';

/** Circumstances of an event: fields of its log line. An error goes under `error`. */
export type EventFields = Readonly<Record<string, unknown>>;

/** Logs, metrics and health of one process. */
export interface Telemetry {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
  /** Logs the event at its level and counts it under its name. */
  emit(event: InternalEvent, fields?: EventFields): void;
}

/**
 * Telemetry of a process, with a registry of its own.
 *
 * @param options.version adds the version, and memory, CPU and event-loop figures of the process; not given in tests
 */
export function createTelemetry(options: { readonly logger: Logger; readonly version?: string }): Telemetry {
  const registry = new Registry();
  if (options.version !== undefined) {
    collectDefaultMetrics({ register: registry });
    new Gauge({
      name: 'spanloom_build_info',
      help: 'Always 1; the labels are the versions of spanloom and Node.js.',
      labelNames: ['version', 'node'],
      registers: [registry],
    }).set({ version: options.version, node: process.versions.node }, 1);
  }
  const counter = new Counter({
    name: 'spanloom_internal_events_total',
    help: 'Internal events by name; each is a log line too.',
    labelNames: ['event', 'stage'] as const,
    registers: [registry],
  });
  return {
    logger: options.logger,
    registry,
    health: new Health(),
    emit(event, fields = {}) {
      const stage = typeof fields['stage'] === 'string' ? fields['stage'] : '';
      counter.inc({ event: event.name, stage });
      options.logger[event.level]({ event: event.name, ...fields }, event.message);
    },
  };
}
