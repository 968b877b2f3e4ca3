import { randomInt } from 'node:crypto';
import { redactionOptions } from '../capture/redaction-options.ts';
import type { CaptureConfig } from '../capture/config.ts';
import type { SourceOptions } from '../source.ts';
import type { PacketsConfig } from './config.ts';
import { excludedEnds, knownEnds } from './excluded-ends.ts';
import { PacketSource } from './packet-source.ts';

/** The configured capture of packets. @throws PipelineError CONFIG_INVALID */
export async function configuredPackets(
  packets: PacketsConfig,
  capture: CaptureConfig,
  { addon, ownServers, telemetry }: SourceOptions,
): Promise<PacketSource> {
  if (addon === undefined) throw new Error('the capture of packets needs the native addon');
  return new PacketSource({
    native: addon,
    telemetry,
    capture: {
      interfaces: packets.packetInterfaces,
      namespaces: packets.packetNamespaces,
      filter: packets.packetFilter ?? '',
      excluded: [...(await excludedEnds(packets.packetExclude)), ...(await knownEnds(ownServers))],
      snapLength: packets.packetSnapLength,
      ringBytes: packets.packetRingBytes,
      batchIntervalMs: Math.round(capture.batchInterval),
      maxUnacknowledgedBlocks: capture.maxUnacknowledgedBlocks,
      flows: {
        maxFlows: packets.maxFlows,
        // Senders of packets must not know where their flows meet.
        seed: randomInt(2 ** 48 - 1),
        messageBytes: capture.payloadBytes,
        continuationBytes: capture.continuationBytes,
        intervalNs: Math.round(packets.flowInterval * 1e6),
        redaction: redactionOptions(capture),
      },
    },
  });
}
