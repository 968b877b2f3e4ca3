import type { ContextKind } from '../../schemas/generated/event-batch.ts';
import type { Context } from '../follow/context.ts';
import type { Read, Unit } from '../follow/work.ts';

/** What all events of one batch share. */
export interface BatchClock {
  /** Offset of the batch on its partition. */
  readonly offset: number;
  readonly baseTimeNs: bigint;
  readonly baseMonotonicNs: number;
}

/**
 * What is kept of a data event: enough for the messages that began in it, and nothing that would keep the batch it came
 * in alive. It is what dissection hands back as the origin of a message.
 */
export class Moment {
  readonly eventId: number;
  readonly clock: BatchClock;
  /** CLOCK_MONOTONIC of the agent. */
  readonly timeNs: number;
  readonly ingress: boolean;
  /** The other direction had the word before. */
  readonly startsMessage: boolean;
  readonly length: number;
  /** Bytes that had moved on the socket before it in its direction. */
  readonly streamOffset: number;
  readonly tcpSequence: number;
  readonly threadId: number;
  readonly contextKind: ContextKind;
  readonly contextId: number;
  readonly context: Context;
  /** Egress: what the kernel says was read last. */
  readonly read: Read | undefined;
  /** Egress: the unit of the calls that begin here. */
  unit: Unit | undefined;
  /** Requests that began here, so far. */
  requests = 0;
  /** Open requests and other things that wait for what becomes of this event. */
  holds = 0;
  /** Whether its outcome was counted. */
  counted = false;

  constructor(
    event: {
      readonly id: number;
      readonly messageId: number;
      readonly timeOffsetNs: number;
      readonly direction: 'ingress' | 'egress';
      readonly length: number;
      readonly tcpSequence: number;
      readonly threadId: number;
      readonly contextKind: ContextKind;
      readonly contextId: number;
    },
    clock: BatchClock,
    context: Context,
    read: Read | undefined,
    streamOffset = 0,
  ) {
    this.eventId = event.id;
    this.clock = clock;
    this.timeNs = clock.baseMonotonicNs + event.timeOffsetNs;
    this.ingress = event.direction === 'ingress';
    this.startsMessage = event.messageId === event.id;
    this.length = event.length;
    this.streamOffset = streamOffset;
    this.tcpSequence = event.tcpSequence;
    this.threadId = event.threadId;
    this.contextKind = event.contextKind;
    this.contextId = event.contextId;
    this.context = context;
    this.read = read;
    this.unit = undefined;
  }

  /** Unix time in nanoseconds, by the clock of its batch. */
  get unixNs(): bigint {
    return this.clock.baseTimeNs + BigInt(this.timeNs - this.clock.baseMonotonicNs);
  }
}
