import { Counter, Gauge } from 'prom-client';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { FlowCounts } from '../../native/packets/flow-blocks.ts';

/** Registers metrics of what became of captured packets and flows. */
export function countPackets({ registry }: Telemetry, counts: () => FlowCounts): void {
  const registers = [registry];
  const counter = (name: string, help: string, of: (now: FlowCounts) => Readonly<Record<string, number>>): void => {
    new Counter({
      name,
      help,
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset();
        for (const [reason, count] of Object.entries(of(counts()))) this.inc({ reason }, count);
      },
    });
  };
  counter(
    'spanloom_collector_packets_total',
    'Captured packets by what could be read of them. parsed: all up to the payload of TCP, UDP or ICMP. Others say why not: native/packets/frame.h lists them.',
    ({ frames }) => frames,
  );
  counter(
    'spanloom_collector_packet_gaps_total',
    'Places in streams of TCP where bytes are missing, by reason: GapReason in event-batch.avsc.',
    ({ gaps }) => gaps,
  );
  counter(
    'spanloom_collector_packet_fragments_total',
    'Packets put together out of fragments (joined), given up before all came (incomplete); fragments that cannot be right (unusable) or say other bytes than an earlier one (conflicting).',
    ({ joinedPackets, incompletePackets, unusableFragments, conflictingFragments }) => ({
      ...{ joined: joinedPackets, incomplete: incompletePackets },
      ...{ unusable: unusableFragments, conflicting: conflictingFragments },
    }),
  );
  counter(
    'spanloom_collector_flows_total',
    'Flows by what became of them. begun: all. evicted: closed for want of room, beyond SPANLOOM_COLLECTOR_MAX_FLOWS. evicted_opening: of these, those that only had a SYN.',
    ({ flows, evicted, evictedOpening }) => ({ begun: flows, evicted, evicted_opening: evictedOpening }),
  );
  new Gauge({
    name: 'spanloom_collector_open_flows',
    help: 'Flows that are followed now.',
    registers,
    collect() {
      this.set(counts().openFlows);
    },
  });
  new Gauge({
    name: 'spanloom_collector_packet_waiting_bytes',
    help: 'Bytes of packets that wait for others before them.',
    registers,
    collect() {
      this.set(counts().heldBytes);
    },
  });
}
