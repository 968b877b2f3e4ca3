/** A receiver on free ports, over an output that a test holds back as it likes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OutgoingMessage } from '../../../core/bus/bus.ts';
import { loadConfig } from '../../../core/config/load-config.ts';
import { freePorts } from '../../../core/free-ports.ts';
import type { Accounting } from '../../../core/stage/stage.ts';
import { createLogger } from '../../../core/telemetry/logger.ts';
import { createTelemetry } from '../../../core/telemetry/telemetry.ts';
import { AvroReader } from '../../../schemas/avro-reader.ts';
import { type EventBatch, readEventBatch } from '../../../schemas/generated/event-batch.ts';
import { readResource, type Resource } from '../../../schemas/generated/resource.ts';
import { AgentIdentity } from '../../agent-identity.ts';
import { Outbox } from '../../outbox.ts';
import { ResourceIds } from '../../processes/resource-ids.ts';
import type { RunningSource } from '../../source.ts';
import { WallClock } from '../../wall-clock.ts';
import { otlpConfig } from '../config.ts';
import { OtlpSource } from '../otlp-source.ts';

/** A running receiver, and what it has sent. */
export interface TestReceiver {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly agentId: number;
  readonly running: RunningSource;
  readonly accounting: Accounting;
  /** What the output has stored. */
  readonly batches: () => readonly EventBatch[];
  readonly resources: () => readonly Resource[];
  /** Holds the output back until it is called again with false. */
  readonly hold: (isHeld: boolean) => void;
  readonly close: () => Promise<void>;
}

/** Starts one. @param settings besides ports, as in the environment */
export async function startReceiver(settings: Readonly<Record<string, string>> = {}): Promise<TestReceiver> {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-otlp-'));
  const [httpPort, grpcPort] = await freePorts(2);
  const ports = {
    SPANLOOM_COLLECTOR_OTLP_HTTP_PORT: String(httpPort),
    SPANLOOM_COLLECTOR_OTLP_GRPC_PORT: String(grpcPort),
  };
  const { otlp } = loadConfig({ ...ports, ...settings }, { otlp: otlpConfig });
  const stored: OutgoingMessage[] = [];
  let release: () => void = () => undefined;
  let held: Promise<void> | undefined;
  const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
  const send = async (messages: readonly OutgoingMessage[]): Promise<void> => {
    await held;
    stored.push(...messages);
  };
  const identity = AgentIdentity.open(folder, { bootId: 'boot', bootTimeNs: 5n }, Date.now());
  const outbox = new Outbox({ send }, { emit: () => undefined });
  const source = new OtlpSource(otlp, telemetry);
  const running = await source.start({
    ...{ identity, clock: new WallClock(), resourceIds: new ResourceIds(), hostResourceId: 7, hostName: 'host' },
    ...{ dataDirectory: folder, outbox, telemetry: { emit: () => undefined }, health: telemetry.health },
  });
  const of = (topic: string): readonly AvroReader[] =>
    stored.filter((message) => message.topic === topic).map(({ value }) => new AvroReader(Buffer.from(value)));
  return {
    ...{ httpPort: httpPort!, grpcPort: grpcPort!, agentId: identity.agentId, running },
    accounting: source.accounting(),
    batches: () => of('events').map(readEventBatch),
    resources: () => of('agent-resources').map(readResource),
    hold: (isHeld) => {
      if (isHeld) held = new Promise((resolve) => (release = resolve));
      else {
        held = undefined;
        release();
      }
    },
    close: async () => {
      release();
      await running.stop();
      await outbox.close(1000);
      identity.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
