/** An enricher as a process on a real broker. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type RunningCommand, startSpanloom, untilSays } from '../e2e/spanloom.ts';
import type { TestBroker } from './test-broker.ts';

type Settings = Readonly<Record<string, string>>;

/** Settings of a pipeline of its own on this broker. */
export const settingsFor = ({ brokers }: TestBroker): Settings & { readonly SPANLOOM_BUS_KAFKA_PREFIX: string } => ({
  SPANLOOM_BUS_KAFKA_BROKERS: brokers.join(','),
  SPANLOOM_BUS_KAFKA_PREFIX: `services-${randomUUID()}.`,
  SPANLOOM_BUS_PARTITIONS: '3',
  SPANLOOM_AGENTS_SIGNATURES: 'accepted',
  SPANLOOM_METRICS_PORT: '0',
  SPANLOOM_LOG_LEVEL: 'error',
});

/** A running enricher. */
export interface Service extends RunningCommand {
  /** Waits until the body of an answer matches, alive all the time. */
  untilTells(path: string, pattern: RegExp): Promise<void>;
}

export async function startEnricher(settings: Settings): Promise<Service> {
  const command = startSpanloom(['enricher'], settings);
  const [, address] = await untilSays(command, /Metrics are at (\S+)\/metrics/);
  return {
    ...command,
    async untilTells(path, pattern) {
      for (let attempt = 0; ; attempt++) {
        expect((await fetch(`${address!}/healthz`)).status).toBe(200);
        const text = await (await fetch(`${address!}${path}`)).text();
        if (pattern.test(text)) return;
        if (attempt > 300) throw new Error(`${String(pattern)} did not appear in ${path}:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
  };
}
