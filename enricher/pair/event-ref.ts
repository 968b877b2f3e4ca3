import type { ContextKind } from '../../schemas/generated/event-batch.ts';

/** What all events of one batch share. */
export interface BatchClock {
  /** Offset of the batch on its partition. */
  readonly offset: number;
  readonly baseTimeNs: bigint;
  readonly baseMonotonicNs: number;
}

/**
 * The execution context in which an event happened. Kind and id together name a context. Pairing only passes it on, to the span
 * and to the listener (pairing-listener.ts).
 */
export interface Execution {
  readonly contextKind: ContextKind;
  readonly contextId: number;
  readonly threadId: number;
}

/** What an event carries besides its payload. */
interface EventFacts {
  readonly id: number;
  readonly messageId: number;
  readonly timeOffsetNs: number;
  readonly lastTimeOffsetNs?: number;
  readonly direction: 'ingress' | 'egress';
  readonly length: number;
  readonly tcpSequence: number;
}

/**
 * A reference to an event: enough for the messages that began in it, and nothing that would keep its batch alive. It is
 * what dissection hands back as the origin of a message.
 */
export class EventRef {
  readonly eventId: number;
  readonly clock: BatchClock;
  /** CLOCK_MONOTONIC of the agent. */
  readonly timeNs: number;
  /** The same of its last byte, which only packets tell apart from the first. */
  readonly lastNs: number;
  /** The bytes came in at the local end. */
  readonly ingress: boolean;
  /** The other end spoke before. */
  readonly startsMessage: boolean;
  readonly length: number;
  /** Bytes that had moved on the socket before it in its direction. */
  readonly streamOffset: number;
  readonly tcpSequence: number;
  /** Undefined where the source knows no execution contexts. */
  readonly execution: Execution | undefined;
  /** Requests that began here, so far. */
  requests = 0;
  /** Open requests and other things that wait for the outcome of this event. */
  holds = 0;
  /** Whether its outcome was counted. */
  counted = false;

  constructor(event: EventFacts, clock: BatchClock, execution: Execution | undefined, streamOffset = 0) {
    this.eventId = event.id;
    this.clock = clock;
    this.timeNs = clock.baseMonotonicNs + event.timeOffsetNs;
    this.lastNs = clock.baseMonotonicNs + Math.max(event.timeOffsetNs, event.lastTimeOffsetNs ?? event.timeOffsetNs);
    this.ingress = event.direction === 'ingress';
    this.startsMessage = event.messageId === event.id;
    this.length = event.length;
    this.streamOffset = streamOffset;
    this.tcpSequence = event.tcpSequence;
    this.execution = execution;
  }

  /** Unix time in nanoseconds, by the clock of its batch. */
  get unixNs(): bigint {
    return this.clock.baseTimeNs + BigInt(this.timeNs - this.clock.baseMonotonicNs);
  }
}
