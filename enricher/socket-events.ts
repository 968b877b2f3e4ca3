import type { Counters } from '../core/stage/accounting.ts';
import type { SocketEvent } from '../schemas/generated/event-batch.ts';
import type { CausalityListener } from './causality/causality-listener.ts';
import type { DropReason, EnricherRejectReason } from './outcomes.ts';
import { connectError } from './pair/connect-error.ts';
import { type BatchClock, EventRef } from './pair/event-ref.ts';
import { processObserver } from './pair/observer.ts';
import type { Pairing } from './pair/pairing.ts';
import type { Socket } from './pair/socket.ts';

/** Turns socket events of eBPF into segments for pairing, each with its execution context. */
export class SocketEvents {
  private readonly pairing: Pairing;
  private readonly causality: CausalityListener;
  private readonly counters: Counters<DropReason, EnricherRejectReason>;

  constructor(pairing: Pairing, causality: CausalityListener, counters: Counters<DropReason, EnricherRejectReason>) {
    this.pairing = pairing;
    this.causality = causality;
    this.counters = counters;
  }

  /**
   * Processes one event. Events come in the order of ids, except calls that come late: until_offset_ns in
   * schemas/avro/event-batch.avsc.
   */
  take(event: SocketEvent, clock: BatchClock): void {
    const { pairing, causality, counters } = this;
    const known = pairing.find(event.socketId);
    if (known === undefined && event.kind === 'close') {
      counters.drop('lifecycle');
      return;
    }
    const socket = known ?? pairing.open(event, processObserver);
    switch (event.kind) {
      case 'data': {
        const ingress = event.direction === 'ingress';
        const execution = ingress ? causality.received(socket, event) : causality.sent(socket, event);
        // Behind the listener, which sees by it that the context is another one.
        socket.usedBy(event);
        pairing.segment(socket, new EventRef(event, clock, execution, socket.movedBytes(ingress)), event);
        return;
      }
      case 'connect':
        this.connect(socket, event, clock);
        return;
      case 'accept':
        causality.enter(socket, event);
        counters.drop('lifecycle');
        return;
      case 'close':
        // Of process 0: the process had let go of it before, and no context ends it.
        if (event.processId !== 0) causality.enter(socket, event);
        pairing.close(socket, clock.baseMonotonicNs + event.timeOffsetNs);
        counters.drop('lifecycle');
        return;
    }
  }

  /** A connection that was begun shows by its first bytes what for; one that failed becomes a span. */
  private connect(socket: Socket, event: SocketEvent, clock: BatchClock): void {
    const { pairing, causality, counters } = this;
    // A second connect() may only ask whether the first has succeeded.
    const isRepeated = event.error === 0 && causality.isConnecting(socket);
    if (event.transport === 'udp' || isRepeated) {
      causality.enter(socket, event);
      counters.drop('lifecycle');
      return;
    }
    const failure = connectError(event.error);
    const execution = causality.connecting(socket, event, failure !== undefined);
    const timeNs = clock.baseMonotonicNs + event.timeOffsetNs;
    if (failure === undefined) {
      socket.connectBeganNs = timeNs;
      counters.drop('lifecycle');
      return;
    }
    const beganNs = socket.connectBeganNs ?? timeNs;
    const begun = { ...event, timeOffsetNs: beganNs - clock.baseMonotonicNs };
    pairing.connectFailed(socket, new EventRef(begun, clock, execution), timeNs, event.error, failure);
  }
}
