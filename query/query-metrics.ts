import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Admission } from './http/admission.ts';
import type { ConcurrencyLimit } from './http/concurrency-limit.ts';

/** Metrics of the API. */
export interface QueryMetrics {
  /** So many bytes of answers more, or less, are in memory. */
  readonly buffered: (bytes: number) => void;
  answered(route: string, status: number, seconds: number): void;
}

/** Registers the metrics of the API. */
export function queryMetrics(registry: Registry, admission: Admission, concurrency: ConcurrencyLimit): QueryMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'spanloom_query_requests_total',
    help: 'Requests to the read API, by route and status. 499: the client disconnected, or was disconnected.',
    labelNames: ['route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'spanloom_query_duration_seconds',
    help: 'Time to answer a request.',
    labelNames: ['route'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const buffered = new Gauge({
    name: 'spanloom_query_buffered_bytes',
    help: 'Bytes of answers in memory that clients have not read yet.',
    registers,
  });
  new Gauge({
    name: 'spanloom_query_requests_open',
    help: 'Requests in progress: they run, wait for the database, or their client reads the answer.',
    registers,
    collect() {
      this.set(admission.size);
    },
  });
  new Gauge({
    name: 'spanloom_query_requests_waiting',
    help: 'Requests that wait for their turn at the database.',
    registers,
    collect() {
      this.set(concurrency.waiting);
    },
  });
  return {
    buffered: (bytes) => buffered.inc(bytes),
    answered(route, status, seconds) {
      requests.inc({ route, status });
      duration.observe({ route }, seconds);
    },
  };
}
