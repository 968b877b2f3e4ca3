import { Counter, Gauge, Histogram } from 'prom-client';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { ResourceVersions } from './resource-versions.ts';

/** Metrics of the publisher besides those of every stage. @returns a function that records the delay of each batch */
export function resourceMetrics({ registry }: Telemetry, versions: () => ResourceVersions): (delayMs: number) => void {
  const registers = [registry];
  new Gauge({
    name: 'spanloom_resources_living',
    help: 'Current resources that this instance publishes; 0 while another instance leads.',
    registers,
    collect() {
      this.set(versions().currentCount);
    },
  });
  new Counter({
    name: 'spanloom_resources_cut_total',
    help: 'Names, labels, annotations and list entries that were cut or left out because of their size.',
    registers,
    collect() {
      this.reset();
      this.inc(versions().cut);
    },
  });
  const delaySeconds = new Histogram({
    name: 'spanloom_resources_delay_seconds',
    help: 'Time from a change that a source reported until the log has its version, for the oldest change of each batch.',
    buckets: [0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30],
    registers,
  });
  return (delayMs) => delaySeconds.observe(Math.max(0, delayMs) / 1000);
}
