import { ApiClient } from '../../collector/kubernetes/api-client.ts';
import { KubernetesSource } from '../../collector/kubernetes/kubernetes-source.ts';
import { Lease } from '../../collector/kubernetes/lease.ts';
import type { ApiServer } from '../../collector/kubernetes/testing/api-server.ts';
import { runResources } from '../../collector/resources/run.ts';
import type { Bus } from '../../core/bus/bus.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry, type Telemetry } from '../../core/telemetry/telemetry.ts';

/** `spanloom resources` within a test. */
export interface Publisher {
  readonly telemetry: Telemetry;
  /** Whether it leads now; always without a lease. */
  readonly leads: () => boolean;
  /** As a signal does. */
  stop(): Promise<void>;
}

/** How it runs. */
export interface PublisherSettings {
  readonly bus: Bus;
  readonly server: ApiServer;
  /** Its name where it takes part in the election. */
  readonly identity?: string;
  readonly leaseDurationMs?: number;
  readonly pageSize?: number;
  readonly settleMs?: number;
  readonly retentionMs?: number;
  readonly resyncMs?: number;
}

/** Starts to publish what the API server has. */
export function startPublisher(settings: PublisherSettings): Publisher {
  const { bus, server, identity, pageSize = 7, settleMs = 50, retentionMs = 3_600_000 } = settings;
  const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'fatal' }) });
  const client = new ApiClient(server.access);
  const stop = new AbortController();
  let leads = identity === undefined;
  const leadership =
    identity === undefined
      ? undefined
      : new Lease({
          ...{ client, namespace: 'default', name: 'lease', identity, durationMs: settings.leaseDurationMs ?? 1500 },
          onChange: (now) => void (leads = now),
          onFailure: () => undefined,
          onTurn: () => undefined,
          onAnswer: () => undefined,
        });
  const config = {
    clusterName: 'test',
    annotations: ['*'],
    annotationsLeftOut: [],
    pageSize,
    resync: settings.resyncMs ?? 60_000,
  };
  const running = runResources({
    config: { settle: settleMs, retention: retentionMs },
    bus,
    sources: [new KubernetesSource({ client, config, telemetry })],
    ...{ leadership, telemetry, signal: stop.signal },
  });
  // Awaited when it is stopped.
  running.catch(() => undefined);
  return {
    telemetry,
    leads: () => leads,
    async stop() {
      stop.abort();
      await running;
    },
  };
}
