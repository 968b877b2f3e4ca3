import type { EventBatch, FlowInterval, PacketSegment } from '../../schemas/generated/event-batch.ts';
import type { AgentParts } from '../agent-parts.ts';
import { type BatchClock, EventRef } from '../pair/event-ref.ts';
import { Pairing } from '../pair/pairing.ts';
import type { Socket } from '../pair/socket.ts';
import { SpanBuilder } from '../pair/span-builder.ts';
import type { SourceState } from '../source-state.ts';
import { SpanIds } from '../span-id.ts';
import type { Tagger } from '../tag/tagger.ts';
import type { TaggedRecord } from '../tag/waiting-records.ts';
import { FlowObserver } from './flow-observer.ts';
import { FlowTagging } from './flow-tagging.ts';
import type { Interfaces } from './interfaces.ts';

/** How flows end whose connection may go on: the capture has let go of them. What is open gets no answer, and broke off nowhere. */
const letGo: ReadonlySet<string> = new Set(['idle', 'evicted']);

/**
 * What follows from an agent's packets: interfaces, and for each flow a socket whose local end is the server. Segments are to it
 * what calls are to the socket of a process; gaps show by their TCP sequence, as lost calls do. A flow of which the capture
 * did not see the beginning leaves it to dissection which end asks.
 */
export class PacketState implements SourceState {
  private readonly interfaces: Interfaces;
  private readonly tagger: Tagger;
  private readonly flowTagging: FlowTagging;
  readonly pairing: Pairing;
  private readonly emit: (tagged: TaggedRecord) => void;

  /**
   * @param interfaces of the agent, which it sends with its packets
   * @param emit receives finished spans and flows
   */
  constructor(
    agentId: number,
    tagger: Tagger,
    interfaces: Interfaces,
    parts: AgentParts,
    emit: (tagged: TaggedRecord) => void,
  ) {
    const { config, dissectors, counters } = parts;
    this.interfaces = interfaces;
    this.emit = emit;
    this.tagger = tagger;
    this.flowTagging = new FlowTagging(this.interfaces, tagger);
    this.pairing = new Pairing({
      dissectors,
      spanIds: new SpanIds(agentId),
      spans: new SpanBuilder(agentId, tagger),
      counters,
      limits: config,
      emit,
    });
  }

  process({ processes, interfaces, segments, flows }: EventBatch, clock: BatchClock): void {
    this.tagger.learn(processes);
    this.interfaces.learn(interfaces);
    for (const segment of segments) this.takeSegment(segment, clock);
    for (const interval of flows) this.takeFlow(interval, clock);
  }

  lost(untilNs: number): void {
    this.pairing.lost(untilNs);
  }

  get size(): number {
    return this.pairing.size + this.interfaces.size;
  }

  shrink(part: number): void {
    this.pairing.shrink(part);
    this.interfaces.shrink(part);
  }

  private takeSegment(segment: PacketSegment, clock: BatchClock): void {
    const { id, fromClient, startsMessage, length, payload, tcpSequence, timeOffsetNs, lastTimeOffsetNs } = segment;
    const socket = this.pairing.find(segment.flowId) ?? this.open(segment);
    const observer = socket.observer as FlowObserver;
    observer.saw(fromClient, segment.observation);
    const messageId = startsMessage ? id : 0;
    const direction = fromClient ? 'ingress' : 'egress';
    const facts = { id, messageId, timeOffsetNs, lastTimeOffsetNs, direction, length, tcpSequence } as const;
    const origin = new EventRef(facts, clock, undefined, socket.movedBytes(fromClient));
    const { remoteAddress, remotePort } = socket;
    const { gapBytes } = segment;
    const bytes = { id, messageId, payload, length, tcpSequence, gapBytes, tls: false, remoteAddress, remotePort };
    this.pairing.segment(socket, origin, bytes);
  }

  private open(segment: PacketSegment): Socket {
    const { fromClient, senderAddress, senderPort, receiverAddress, receiverPort } = segment;
    const facts = {
      socketId: segment.flowId,
      transport: segment.transport,
      networkNamespace: segment.networkNamespace,
      processId: 0,
      processName: '',
      localAddress: fromClient ? receiverAddress : senderAddress,
      localPort: fromClient ? receiverPort : senderPort,
      remoteAddress: fromClient ? senderAddress : receiverAddress,
      remotePort: fromClient ? senderPort : receiverPort,
      tls: false,
      role: segment.isRoleKnown ? 'server' : 'unknown',
    } as const;
    return this.pairing.open(facts, new FlowObserver(this.interfaces, segment));
  }

  private takeFlow(interval: FlowInterval, clock: BatchClock): void {
    const { isOpen, closeType } = interval.metrics;
    const socket = isOpen ? undefined : this.pairing.find(interval.flowId);
    const endNs = clock.baseMonotonicNs + interval.endOffsetNs;
    if (socket !== undefined) this.pairing.close(socket, endNs, letGo.has(closeType) ? 'unknown' : 'closed');
    this.emit(this.flowTagging.tag(interval, clock));
  }
}
