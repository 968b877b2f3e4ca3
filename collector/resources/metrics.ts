import { Counter, Gauge, Histogram } from 'prom-client';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { VersionBook } from './version-book.ts';

/** Metrics of the publisher besides those of every stage. @returns what is told the delay of each batch */
export function resourceMetrics({ registry }: Telemetry, book: () => VersionBook): (delayMs: number) => void {
  const registers = [registry];
  new Gauge({
    name: 'spanloom_resources_living',
    help: 'Resources that live, as this instance knows them; 0 while another publishes.',
    registers,
    collect() {
      this.set(book().living);
    },
  });
  new Counter({
    name: 'spanloom_resources_cut_total',
    help: 'Names, labels, annotations and entries of lists that were cut or left out for their size.',
    registers,
    collect() {
      this.reset();
      this.inc(book().cut);
    },
  });
  const delaySeconds = new Histogram({
    name: 'spanloom_resources_delay_seconds',
    help: 'Time from when a source told a change to when the log had its version: the oldest change of each batch.',
    buckets: [0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30],
    registers,
  });
  return (delayMs) => delaySeconds.observe(Math.max(0, delayMs) / 1000);
}
