import type { FlowInterval, Observation } from '../../schemas/generated/event-batch.ts';
import type { Flow } from '../../schemas/generated/flow-batch.ts';
import type { BatchClock } from '../pair/event-ref.ts';
import type { LocalMemo, Tagger, TagQuestion } from '../tag/tagger.ts';
import type { TaggedFlow } from '../tag/waiting-records.ts';
import type { Interfaces } from './interfaces.ts';
import { type FlowEnd, observationPoint } from './observation-point.ts';

/** Turns intervals of flows into tagged flows: the same ends, with where they were seen and what they are. */
export class FlowTagging {
  private readonly interfaces: Interfaces;
  private readonly tagger: Tagger;
  /** Of all flows of the agent: their scope is that of its host. */
  private readonly memo: LocalMemo = { local: undefined };

  constructor(interfaces: Interfaces, tagger: Tagger) {
    this.interfaces = interfaces;
    this.tagger = tagger;
  }

  tag(interval: FlowInterval, clock: BatchClock): TaggedFlow {
    const { networkNamespace, interfaceIndex, transport, startOffsetNs, endOffsetNs, isRoleKnown, metrics } = interval;
    const client = endOf(interval.clientAddress, interval.clientObservation, metrics.client.packets);
    const server = endOf(interval.serverAddress, interval.serverObservation, metrics.server.packets);
    const place = { networkNamespace, interfaceIndex, client, server };
    const startTimeNs = clock.baseTimeNs + BigInt(startOffsetNs);
    const question: TagQuestion = {
      processId: undefined,
      transport,
      isServer: true,
      localAddress: interval.serverAddress,
      localPort: interval.serverPort,
      remoteAddress: interval.clientAddress,
      remotePort: interval.clientPort,
      timeNs: startTimeNs,
      memo: this.memo,
    };
    const sides = this.tagger.tag(question);
    const record: Flow = {
      flowId: interval.flowId,
      startTimeNs,
      durationNs: Math.max(0, endOffsetNs - startOffsetNs),
      observationPoint: observationPoint(place, this.interfaces),
      networkNamespace,
      interfaceName: this.interfaces.find(networkNamespace, interfaceIndex)?.name ?? '',
      transport,
      tunnels: (client.sent ?? server.sent)?.tunnels ?? [],
      isRoleKnown,
      metrics,
      client: sides.peer,
      server: sides.local,
    };
    return { kind: 'flow', record, question, sides, events: 1, offset: clock.offset };
  }
}

/** An end with how its packets passed, if the interval has any of them. */
function endOf(address: Uint8Array, observation: Observation, packets: number): FlowEnd {
  return { address, sent: packets > 0 ? observation : undefined };
}
