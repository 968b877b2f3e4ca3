import { Gauge } from 'prom-client';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';

/** Registers metrics of the receiver, beside the spans by outcome, which are counted with those of all sources. */
export function countOtlp({ registry }: Telemetry, bufferedBytes: () => number): void {
  new Gauge({
    name: 'spanloom_collector_otlp_buffered_bytes',
    help: 'Bytes of OTLP requests that are being received or that the bus has not stored yet: at most SPANLOOM_COLLECTOR_OTLP_MAX_BUFFERED_BYTES.',
    registers: [registry],
    collect() {
      this.set(bufferedBytes());
    },
  });
}
