import type { Counters } from '../core/stage/accounting.ts';
import type { EventBatch, ProcessFacts, SocketEvent } from '../schemas/generated/event-batch.ts';
import type { Span } from '../schemas/generated/span.ts';
import type { SpanBatch } from '../schemas/generated/span-batch.ts';
import type { EnricherConfig } from './config.ts';
import type { Dissector } from './dissect/dissector.ts';
import { Follower } from './follow/follower.ts';
import type { DropReason, EnricherRejectReason } from './outcomes.ts';
import { Pairing } from './pair/pairing.ts';
import { SpanBuilder } from './pair/span-builder.ts';
import { SpanIds } from './span-id.ts';
import type { Tagger } from './tag/tagger.ts';
import { type TaggedSpan, type WaitingIndex, type WaitingSpan, WaitingSpans } from './tag/waiting-spans.ts';
import type { TagCounts } from './tag/tag-counts.ts';

/** Everything that is kept of one agent: the clock domain in which all of the enricher's work happens. */
export class Agent {
  readonly id: number;
  /** Partition its batches come from. */
  partition: number;
  /** Milliseconds since the Unix epoch at which it was heard of last. */
  heardMs = 0;
  private readonly tagger: Tagger;
  private readonly follower: Follower;
  private readonly pairing: Pairing;
  private readonly counters: Counters<DropReason, EnricherRejectReason>;
  private readonly waiting: WaitingSpans;
  private spans: Span[] = [];
  /** Spans that go out between batches. */
  private lateSpans: Span[] = [];
  /** The batch in hand is read again, and what comes of it is suppressed; the bus accepted it then. */
  private repeatedMs: number | undefined;
  private sequence = 0;
  private highestEventId = 0;
  private untilNs = 0;
  private watermarkNs = 0n;
  private readonly startTimes = new Map<number, bigint>();

  constructor(
    id: number,
    partition: number,
    parts: {
      readonly config: EnricherConfig;
      readonly dissectors: readonly Dissector[];
      readonly tagger: Tagger;
      readonly counters: Counters<DropReason, EnricherRejectReason>;
      readonly waitingIndex: WaitingIndex;
      readonly tagCounts: TagCounts;
    },
  ) {
    const { config, dissectors, tagger, counters } = parts;
    this.id = id;
    this.partition = partition;
    this.tagger = tagger;
    this.counters = counters;
    this.waiting = new WaitingSpans(config, parts.waitingIndex, parts.tagCounts, this);
    this.follower = new Follower(config.maxContexts);
    this.pairing = new Pairing({
      dissectors,
      follower: this.follower,
      spanIds: new SpanIds(id),
      spans: new SpanBuilder(id, tagger),
      counters,
      limits: config,
      emit: (tagged) => {
        this.take(tagged);
      },
    });
  }

  /**
   * Works off one batch and returns the spans that ended with it.
   *
   * @param repeatedMs when the bus accepted it, of a batch of which the spans went out before
   */
  process(batch: EventBatch, offset: number, repeatedMs?: number): SpanBatch {
    this.repeatedMs = repeatedMs;
    const { events, baseTimeNs, baseMonotonicNs, untilOffsetNs, losses } = batch;
    this.counters.receive(events.length);
    if (this.isRepeated(batch)) {
      this.counters.drop('duplicate', events.length);
      return this.takeSpans();
    }
    if (losses.length > 0 || (this.sequence !== 0 && batch.sequence !== this.sequence + 1)) {
      this.follower.forget();
      this.pairing.lost(baseMonotonicNs + untilOffsetNs);
    }
    this.sequence = batch.sequence;
    this.learn(batch.processes);
    const clock = { offset, baseTimeNs, baseMonotonicNs };
    for (const event of inOrder(events)) {
      if (event.id > this.highestEventId) this.highestEventId = event.id;
      this.pairing.event(event, clock);
    }
    this.untilNs = Math.max(this.untilNs, baseMonotonicNs + untilOffsetNs);
    this.pairing.giveUp(this.untilNs);
    for (const waiting of this.waiting.due(this.untilNs)) this.release(waiting, this.spans);
    // It goes back where the clock of the host was set back: the correlator has to see that.
    this.watermarkNs = baseTimeNs + BigInt(untilOffsetNs);
    return this.takeSpans();
  }

  /** Ends everything that is open. */
  drain(): SpanBatch {
    this.pairing.drain(this.untilNs);
    this.spans.push(...this.lateSpans.splice(0));
    for (const waiting of this.waiting.drain()) this.release(waiting, this.spans);
    return this.takeSpans();
  }

  /** Offset of the oldest batch that something held came from. */
  get heldFrom(): number | undefined {
    const open = this.pairing.held.oldestOffset;
    const waiting = this.waiting.oldestOffset;
    return open === undefined || waiting === undefined ? (open ?? waiting) : Math.min(open, waiting);
  }

  /** Newest event time, in Unix nanoseconds. */
  get timeNs(): bigint {
    return this.watermarkNs;
  }

  /** Something was learned that a span waited for. */
  wake(waiting: WaitingSpan): void {
    const sides = this.tagger.tag(waiting.question);
    if (sides.awaited.length > 0) {
      this.waiting.update(waiting, sides);
      return;
    }
    this.waiting.takeOut(waiting);
    this.waiting.found(waiting);
    this.release(waiting, this.lateSpans);
  }

  /** Spans that are ready since the last batch; undefined when there are none. */
  takeLate(): SpanBatch | undefined {
    if (this.lateSpans.length === 0) return undefined;
    const spans = this.lateSpans;
    this.lateSpans = [];
    return { agentId: this.id, watermarkNs: this.watermarkNs, spans };
  }

  /** Counts what is held as revoked: another instance reads it again. */
  revoke(): void {
    this.pairing.revoke();
    for (const { events } of this.waiting.drain()) this.counters.drop('revoked', events);
  }

  private take(tagged: TaggedSpan): void {
    if (this.waiting.takeIn(tagged, this.untilNs)) return;
    this.counters.emit(tagged.events);
    const { acceptedMs } = tagged.sides;
    // Before the restart its pod was perhaps not known, so that it waited, and is not among what went out then.
    const mayHaveWaited = this.repeatedMs !== undefined && acceptedMs !== 0 && acceptedMs + 60_000 > this.repeatedMs;
    (mayHaveWaited ? this.lateSpans : this.spans).push(tagged.span);
  }

  /** Lets a span go that is out of those that wait, tagged as it can be now. */
  private release({ span, question, events }: WaitingSpan, to: Span[]): void {
    const { local, peer } = this.tagger.tag(question);
    this.counters.emit(events);
    to.push({ ...span, client: question.isServer ? peer : local, server: question.isServer ? local : peer });
  }

  /** A sender that was not sure whether a batch arrived sends it again; event ids and time only ever ascend. */
  private isRepeated({ sequence, events, baseMonotonicNs, untilOffsetNs }: EventBatch): boolean {
    if (sequence > this.sequence) return false;
    // An agent that started anew counts from 1 again, but what it has seen until then is later.
    if (events.length === 0) return baseMonotonicNs + untilOffsetNs <= this.untilNs;
    return events.every((event: SocketEvent) => event.id <= this.highestEventId);
  }

  private learn(processes: readonly ProcessFacts[]): void {
    if (processes.length === 0) return;
    this.tagger.learn(processes);
    for (const { processId, startTimeNs } of processes) {
      const before = this.startTimes.get(processId);
      if (before !== undefined && before !== startTimeNs) this.follower.restarted(processId);
      this.startTimes.delete(processId);
      this.startTimes.set(processId, startTimeNs);
      if (this.startTimes.size > maxStartTimes) {
        const [oldest] = this.startTimes.keys();
        this.startTimes.delete(oldest!);
      }
    }
  }

  private takeSpans(): SpanBatch {
    const { spans } = this;
    this.spans = [];
    return { agentId: this.id, watermarkNs: this.watermarkNs, spans };
  }
}

const maxStartTimes = 65_536;

/**
 * Ids are given when a write begins and when a read ends, so their order is that of cause and effect. Events are sent when
 * calls return: the response may be sent by one thread before another has returned from writing the request.
 */
function inOrder(events: readonly SocketEvent[]): readonly SocketEvent[] {
  for (let index = 1; index < events.length; index++)
    if (events[index]!.id < events[index - 1]!.id) return [...events].sort((one, other) => one.id - other.id);
  return events;
}
