/**
 * What one source captured, on its way to the outbox as EventBatches.
 *
 * A block is acknowledged when the output has stored it. Until then it counts against the addon's limit, so a slow output
 * fills the kernel's rings, whose losses are counted, and not this process's memory. A block that fails is acknowledged too,
 * and its records are counted.
 */
import { Counters } from '../../core/stage/accounting.ts';
import type {
  CaptureSource,
  NetworkInterface,
  ProcessFacts,
  ReportedSpans,
} from '../../schemas/generated/event-batch.ts';
import { collectorEvents } from '../internal-events.ts';
import type { SourceContext } from '../source.ts';
import { CaptureWatch, type WatchedProgress } from './capture-watch.ts';
import { type CapturedRecords, encodeEventBatch, eventBatchMessage } from './event-batch-message.ts';

/**
 * Why events were lost or are incomplete: the reasons of Loss in schemas/avro/event-batch.avsc. The addon reports all but
 * `failed`, which this file counts. In metrics a reason that is not listed counts as `other`.
 */
export const captureLossReasons = [
  'ring_full',
  'socket_unresolved',
  'payload_unreadable',
  'map_full',
  'arguments_missed',
  'undelivered',
  'packets_dropped',
  'failed',
  'other',
] as const;
export type CaptureLossReason = (typeof captureLossReasons)[number];

/** Records of one source by outcome; lost ones were received by the kernel and dropped. */
export type CaptureCounters = Counters<CaptureLossReason>;

/** Counters of a source that has captured nothing yet. */
export const newCaptureCounters = (): CaptureCounters => new Counters(captureLossReasons);

/** What a block has for a batch, besides what all batches have. */
export interface Batch {
  readonly records: number;
  readonly captured: CapturedRecords;
  /** CLOCK_MONOTONIC in nanoseconds. */
  readonly baseMonotonicNs: number;
  readonly untilOffsetNs: number;
  readonly losses: Readonly<Record<string, number>>;
  /** As `noteEventId()` of the identity takes it. */
  readonly lastId: number;
  readonly processes: readonly ProcessFacts[];
  readonly interfaces: readonly NetworkInterface[];
  readonly reportedSpans?: readonly ReportedSpans[];
  /** Called once: when the output has stored the batch, or when it could not be made. */
  readonly done?: (isStored: boolean) => void;
}

/** What a source tells of itself. */
export interface BatchSenderOptions {
  readonly source: CaptureSource;
  /** Its name in health. */
  readonly name: string;
  readonly context: SourceContext;
  readonly counters: CaptureCounters;
  readonly maxUnacknowledgedBlocks: number;
  /** A block is done with. */
  readonly acknowledge: () => void;
}

/** Sends batches of one run of a source. */
export class BatchSender {
  readonly #options: BatchSenderOptions;
  readonly #counters: CaptureCounters;
  readonly #watch: CaptureWatch;
  /** Blocks that were taken and are not acknowledged. */
  #outstanding = 0;
  #sequence = 0;
  #unreportedLosses: Record<string, number> = {};
  /** Losses that wait for the next batch because theirs could not be made. */
  #carriedLosses: Record<string, number> = {};
  #isStalled = false;
  #isBlocked = false;

  constructor(options: BatchSenderOptions) {
    this.#options = options;
    this.#counters = options.counters;
    this.#watch = new CaptureWatch(options.maxUnacknowledgedBlocks);
  }

  /** How many batches were made. */
  get batches(): number {
    return this.#sequence;
  }

  /** A block has come, with so many records. */
  receive(records: number, losses: Readonly<Record<string, number>>): void {
    this.#outstanding++;
    this.#counters.receive(records);
    for (const [reason, count] of Object.entries(losses)) this.#countLoss(reason, count);
  }

  /** Never throws. */
  send(batch: Batch): void {
    const { source, name, context } = this.#options;
    const { identity, clock, hostName, outbox, health } = context;
    try {
      identity.noteEventId(batch.lastId);
      const sequence = ++this.#sequence;
      const losses = sum(batch.losses, this.#carriedLosses);
      const head = {
        agentId: identity.agentId,
        hostName,
        sequence,
        source,
        baseTimeNs: clock.toUnixNs(batch.baseMonotonicNs),
        baseMonotonicNs: batch.baseMonotonicNs,
        untilOffsetNs: batch.untilOffsetNs,
        losses: Object.entries(losses).map(([reason, count]) => ({ reason, count })),
        processes: batch.processes,
        reportedSpans: batch.reportedSpans ?? [],
        interfaces: batch.interfaces,
      };
      outbox.put([eventBatchMessage(identity.agentId, encodeEventBatch(head, batch.captured))], () => {
        // The kernel is heard of at least once a second; other messages are no sign of that.
        health.turns(name);
        this.#counters.emit(batch.records);
        this.#finish();
        batch.done?.(true);
      });
      this.#carriedLosses = {};
    } catch (error) {
      this.fail(batch.records, batch.losses, error);
      batch.done?.(false);
    }
  }

  /** A block that cannot be sent: its records are lost, its credit is not. */
  fail(records: number, losses: Readonly<Record<string, number>>, error: unknown): void {
    this.#carriedLosses = sum(this.#carriedLosses, losses, { failed: records });
    this.#unreportedLosses = sum(this.#unreportedLosses, { failed: records });
    this.#counters.drop('failed', records);
    this.#finish();
    this.#options.context.telemetry.emit(collectorEvents.batchFailed, { events: records, error });
  }

  /** Logs what was lost since the last time. */
  report(): void {
    if (Object.keys(this.#unreportedLosses).length === 0) return;
    this.#options.context.telemetry.emit(collectorEvents.eventsLost, { losses: this.#unreportedLosses });
    this.#unreportedLosses = {};
  }

  /** To be called once a second: health of the capture and of the output, as far as its progress says. */
  observe(progress: WatchedProgress): void {
    const { name, context } = this.#options;
    const { health, telemetry } = context;
    const { stalled, blocked } = this.#watch.observe(progress, this.#outstanding, performance.now());
    if (stalled === undefined) health.heals('collector', name);
    else health.fails('collector', name, stalled);
    if (stalled !== undefined && !this.#isStalled) telemetry.emit(collectorEvents.stalled, { reason: stalled });
    this.#isStalled = stalled !== undefined;
    // Both are signs of life: only what changes, or lasts, may count as one.
    const output = name === 'capture' ? 'output' : `output of ${name}`;
    if (blocked !== undefined) health.waits('collector', output, blocked);
    else if (this.#isBlocked) health.recovers('collector', output);
    this.#isBlocked = blocked !== undefined;
  }

  #finish(): void {
    this.#outstanding--;
    this.#options.acknowledge();
  }

  #countLoss(reason: string, count: number): void {
    this.#unreportedLosses = sum(this.#unreportedLosses, { [reason]: count });
    this.#counters.receive(count);
    this.#counters.drop(captureLossReasons.find((known) => known === reason) ?? 'other', count);
  }
}

/** Counts by reason, added up. */
function sum(...all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const counts of all)
    for (const [reason, count] of Object.entries(counts)) if (count > 0) total[reason] = (total[reason] ?? 0) + count;
  return total;
}
