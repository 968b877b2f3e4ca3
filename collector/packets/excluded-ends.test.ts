import { expect, it } from 'vitest';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { excludedEnds, knownEnds } from './excluded-ends.ts';
import { countPackets } from './packet-metrics.ts';

it('ends to leave out are looked up', async () => {
  expect(await excludedEnds(['127.0.0.1:9092', ':8123', '[::1]:6379'])).toEqual([
    { address: '127.0.0.1', port: 9092 },
    { address: '', port: 8123 },
    { address: '::1', port: 6379 },
  ]);
  for (const text of ['broker', 'broker:', '127.0.0.1:0', ':65536', 'no such name:1'])
    await expect(excludedEnds([text])).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

it('servers of ours that have no address now are no reason not to capture', async () => {
  expect(await knownEnds(['no such name:9092', '10.0.0.1:9092'])).toEqual([{ address: '10.0.0.1', port: 9092 }]);
});

it('metrics tell what became of packets, gaps, fragments and flows', async () => {
  const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
  const flows = { flows: 9, evicted: 3, evictedOpening: 2, withoutFlow: 1, openFlows: 6, heldBytes: 70 };
  const fragments = {
    fragments: 8,
    joinedPackets: 2,
    incompletePackets: 1,
    unusableFragments: 0,
    conflictingFragments: 4,
  };
  countPackets(telemetry, () => ({
    ...{ frames: { parsed: 100, truncated: 5 }, gaps: { timeout: 7 }, missedBytes: 1_000, ...flows, ...fragments },
  }));
  const text = await telemetry.registry.metrics();
  for (const line of [
    'spanloom_collector_packets_total{reason="truncated"} 5',
    'spanloom_collector_packet_gaps_total{reason="timeout"} 7',
    'spanloom_collector_packet_fragments_total{reason="conflicting"} 4',
    'spanloom_collector_flows_total{reason="evicted_opening"} 2',
    'spanloom_collector_open_flows 6',
    'spanloom_collector_packet_waiting_bytes 70',
  ])
    expect(text).toContain(`${line}\n`);
});
