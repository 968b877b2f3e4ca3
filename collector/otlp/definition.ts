import { defineSource } from '../source.ts';
import { otlpConfig } from './config.ts';

/** What applications report by OpenTelemetry. Needs neither the addon nor root. */
export const otlpDefinition = defineSource({
  name: 'otlp',
  settings: { otlp: otlpConfig },
  writes: ['events', 'agent-resources'],
  needsAddon: false,
  isEnabled: ({ otlp }) => otlp.enabled && otlp.grpcPort + otlp.httpPort > 0,
  async create({ otlp }, { telemetry }) {
    const { OtlpSource } = await import('./otlp-source.ts');
    return new OtlpSource(otlp, telemetry);
  },
});
