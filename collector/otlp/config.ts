import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import {
  booleanSetting,
  bytesSetting,
  durationMsSetting,
  integerSetting,
  textSetting,
} from '../../core/config/setting.ts';

/** Settings of the OTLP receiver: SPANLOOM_COLLECTOR_OTLP_…. */
export const otlpConfig = defineConfig(
  z.object({
    enabled: booleanSetting({
      description:
        'Receive spans that applications report by OpenTelemetry (OTLP): docs/otlp-in.md. Works without eBPF and without root, with SPANLOOM_COLLECTOR_CAPTURE_ENABLED=false.',
      default: 'false',
    }),
    address: textSetting({
      description:
        'Address at which spans are received. OTLP has no authentication: whoever reaches it can report spans. In Kubernetes the address of the pod.',
      default: '127.0.0.1',
    }),
    grpcPort: integerSetting({
      description: 'Port of OTLP over gRPC; 0 for none.',
      default: '4317',
      minimum: 0,
      maximum: 65_535,
    }),
    httpPort: integerSetting({
      description: 'Port of OTLP over HTTP; 0 for none.',
      default: '4318',
      minimum: 0,
      maximum: 65_535,
    }),
    maxRequestBytes: bytesSetting({
      description: 'Greatest request, as it comes. Larger ones are refused.',
      default: '4MiB',
      minimum: 1024,
      maximum: 64 * 1024 ** 2,
    }),
    maxInflatedBytes: bytesSetting({
      description: 'Greatest request after gzip is undone. Larger ones are refused before they are whole.',
      default: '16MiB',
      minimum: 1024,
      maximum: 256 * 1024 ** 2,
    }),
    maxBufferedBytes: bytesSetting({
      description:
        'Bytes of requests that are being received, or that the bus has not stored yet. Beyond it senders are told to try again: 429, UNAVAILABLE.',
      default: '64MiB',
      minimum: 1024 ** 2,
      maximum: 4 * 1024 ** 3,
    }),
    maxAge: durationMsSetting({
      description: 'Spans that started longer ago are refused.',
      default: '1d',
      minimum: 60_000,
      maximum: 365 * 86_400_000,
    }),
    maxProcesses: integerSetting({
      description:
        'Programs that report spans and are published as resources. When it is reached, one that reported nothing for ten minutes makes room; without one, the spans of further programs have no names.',
      default: '1000',
      minimum: 1,
      maximum: 100_000,
    }),
  }),
  { name: 'collector-otlp', title: 'Collector: OpenTelemetry' },
);

/** Values of {@link otlpConfig}. */
export type OtlpConfig = Readonly<ConfigOf<typeof otlpConfig>>;
