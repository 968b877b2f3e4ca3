/** Packets as a source, over the real addon, between two network namespaces. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import { imbalance } from '../../core/stage/accounting.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { Health } from '../../core/telemetry/health.ts';
import { loadNative } from '../../native/load.ts';
import { NamespacePair, namespacesMissing } from '../../native/packets/testing/namespace-pair.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { type EventBatch, readEventBatch } from '../../schemas/generated/event-batch.ts';
import { AgentIdentity } from '../agent-identity.ts';
import { captureConfig } from '../capture/config.ts';
import { Outbox } from '../outbox.ts';
import { ResourceIds } from '../processes/resource-ids.ts';
import type { SourceContext } from '../source.ts';
import { WallClock } from '../wall-clock.ts';
import { packetsConfig } from './config.ts';
import { configuredPackets } from './configured-packets.ts';

const sections = { packets: packetsConfig, capture: captureConfig };

const missing = namespacesMissing();
if (missing !== undefined) process.stderr.write(`skipped: the source of packets: ${missing}\n`);

describe.skipIf(missing !== undefined && process.env['TEST_REQUIRE_ALL'] !== '1')('the source of packets', () => {
  let pair: NamespacePair;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spanloom-packets-'));
    pair = await NamespacePair.open();
  });
  afterAll(async () => {
    await pair.close();
    rmSync(folder, { recursive: true });
  });

  const identity = (): AgentIdentity => AgentIdentity.open(folder, { bootId: 'boot', bootTimeNs: 0n }, Date.now());

  async function open(settings: Record<string, string>, agent: AgentIdentity) {
    const sent: OutgoingMessage[] = [];
    const emitted: string[] = [];
    let wake = (): void => undefined;
    const telemetry = { emit: ({ name }: { readonly name: string }) => void emitted.push(name) };
    const send = (messages: readonly OutgoingMessage[]): Promise<void> => {
      sent.push(...messages);
      wake();
      return Promise.resolve();
    };
    const outbox = new Outbox({ send }, telemetry);
    const context: SourceContext = {
      ...{ identity: agent, clock: new WallClock(), resourceIds: new ResourceIds(), hostResourceId: 1, hostName: 'h' },
      ...{ outbox, telemetry, health: new Health(), dataDirectory: folder },
    };
    const config = loadConfig(settings, sections);
    const source = await configuredPackets(config.packets, config.capture, {
      addon: loadNative(),
      excluded: undefined as never,
      ownServers: [],
      telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
    });
    const running = await source.start(context);
    const batches = (): readonly EventBatch[] =>
      sent.map(({ value }) => readEventBatch(new AvroReader(value as Buffer)));
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await new Promise<void>((resolve) => (wake = resolve));
    };
    return { source, running, outbox, batches, until, emitted };
  }

  it('sends batches that the enricher can read, and counts all records', async () => {
    const agent = identity();
    const settings = {
      SPANLOOM_COLLECTOR_PACKET_INTERFACES: 'pair0',
      SPANLOOM_COLLECTOR_PACKET_NAMESPACES: pair.client,
    };
    const { source, running, outbox, batches, until, emitted } = await open(settings, agent);
    await pair.get('http://10.77.0.2:8080/5', 3);
    await until(() => batches().flatMap(({ segments }) => segments).length >= 6);
    await running.stop();
    expect(await outbox.close(5_000)).toBe(0);

    const all = batches();
    expect(all.map(({ sequence, source }) => [sequence, source])).toEqual(
      all.map((_, index) => [index + 1, 'packets']),
    );
    const segments = all.flatMap((batch) => batch.segments);
    expect(segments.map(({ id }) => id)).toEqual(segments.map((_, index) => 2 ** 52 + agent.firstEventId + index));
    expect(segments.every(({ flowId }) => flowId >= agent.firstEventId)).toBe(true);
    expect(Buffer.from(segments[0]!.payload).toString()).toContain('GET /5 HTTP/1.1');
    const { baseTimeNs, segments: first } = all.find((batch) => batch.segments.length > 0)!;
    const seenMs = Number((baseTimeNs + BigInt(first[0]!.timeOffsetNs)) / 1_000_000n);
    expect(Math.abs(seenMs - Date.now())).toBeLessThan(60_000);
    expect(all[0]!.interfaces.filter(({ name }) => name === 'pair0')).toMatchObject([{ kind: 'virtual_pair' }]);
    expect(all.flatMap(({ flows }) => flows).length).toBeGreaterThan(0);

    const counts = source.accounting();
    expect(imbalance(counts)).toBe(0);
    expect(counts.emitted).toBe(segments.length + all.flatMap(({ flows }) => flows).length);
    expect(emitted).toEqual(['packets_started', 'packets_stopped']);
    agent.close();
  });

  it('says which namespace it cannot capture, and captures the others', async () => {
    const agent = identity();
    const settings = {
      SPANLOOM_COLLECTOR_PACKET_INTERFACES: 'pair0',
      SPANLOOM_COLLECTOR_PACKET_NAMESPACES: `${pair.client},none`,
    };
    const { running, emitted } = await open(settings, agent);
    await running.stop();
    expect(emitted).toEqual(['packets_started', 'packets_not_captured', 'packets_stopped']);
    agent.close();
  });

  it('refuses a filter that is not valid as a setting', async () => {
    const agent = identity();
    await expect(open({ SPANLOOM_COLLECTOR_PACKET_FILTER: 'tcp prot 80' }, agent)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    agent.close();
  });
});
