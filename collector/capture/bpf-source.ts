/**
 * The source of kernel events.
 *
 * Input: blocks of events from the addon, already encoded as Avro and not decoded here. Output: one EventBatch per block, with
 * facts of new processes. State: unacknowledged blocks and known processes. Bounds: SPANLOOM_COLLECTOR_RING_BYTES,
 * _MAX_UNACKNOWLEDGED_BLOCKS and _MAX_PROCESSES.
 *
 * A block is acknowledged when the output has stored it. Until then it counts against the addon's limit, so a slow output
 * fills the ring buffer, whose losses are counted, and not this process's memory. A block that fails is acknowledged too, and
 * its events are counted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../core/errors.ts';
import { Counters } from '../../core/stage/accounting.ts';
import type { Accounting } from '../../core/stage/stage.ts';
import type { Capture, CapturedBlock, CaptureOptions, NativeCapture } from '../../native/capture.ts';
import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import type { ExcludedProcesses } from '../excluded-processes.ts';
import { collectorEvents } from '../internal-events.ts';
import { ProgramInspections } from '../program-inspections.ts';
import type { ChooseEnvironment } from '../processes/environment-tags.ts';
import { FactGatherer } from '../processes/fact-gatherer.ts';
import { ProcessTable } from '../processes/process-table.ts';
import { processResource, resourceMessage } from '../processes/resources.ts';
import type { RunningSource, Source, SourceContext } from '../source.ts';
import { CaptureWatch } from './capture-watch.ts';
import { encodeEventBatch, eventBatchMessage } from './event-batch-message.ts';

/** How kernel events are captured. */
export interface BpfSourceOptions {
  readonly native: NativeCapture;
  readonly capture: Omit<CaptureOptions, 'firstEventId' | 'excludedProcessIds'>;
  readonly excluded: ExcludedProcesses;
  /** Paths of control groups whose processes are left out. */
  readonly excludedCgroups: readonly string[];
  readonly maxProcesses: number;
  readonly processFactsIntervalMs: number;
  readonly loopProbeIntervalMs: number;
  readonly chooseEnvironment: ChooseEnvironment;
}

/**
 * Why events were lost or are incomplete: the reasons of Loss in schemas/avro/event-batch.avsc. The addon reports all but
 * `failed`, which this file counts. In metrics a reason that is not listed counts as `other`.
 */
const lossReasons = [
  'ring_full',
  'socket_unresolved',
  'payload_unreadable',
  'map_full',
  'arguments_missed',
  'undelivered',
  'failed',
  'other',
] as const;
type LossReason = (typeof lossReasons)[number];

const revisitEveryMs = 1_000;
const reportEveryMs = 10_000;
/** The first batch waits at most so long for probes on the programs that run already. */
const firstScanMs = 2_000;

/** The source of kernel events. */
export class BpfSource implements Source {
  readonly name = 'capture';
  readonly #options: BpfSourceOptions;
  readonly #counters = new Counters<LossReason>(lossReasons);

  constructor(options: BpfSourceOptions) {
    this.#options = options;
  }

  /** Events by what became of them; lost ones were received by the kernel and dropped. */
  accounting(): Accounting {
    return this.#counters;
  }

  start(context: SourceContext): Promise<RunningSource> {
    context.health.starts('capture');
    const run = new BpfRun(this.#options, context, this.#counters);
    return Promise.resolve(run);
  }
}

/** One run of the capture. */
class BpfRun implements RunningSource {
  readonly #options: BpfSourceOptions;
  readonly #context: SourceContext;
  readonly #counters: Counters<LossReason>;
  readonly #processes: ProcessTable;
  readonly #gatherer: FactGatherer;
  readonly #capture: Capture;
  readonly #inspections: ProgramInspections;
  readonly #timers: NodeJS.Timeout[];
  readonly #watch: CaptureWatch;
  /** Blocks leave in the order in which they came: the last that waits for facts of its processes. */
  #lastWaiting: Promise<void> | undefined;
  /** Blocks that were taken and are not acknowledged. */
  #outstanding = 0;
  #sequence = 0;
  #unreportedLosses: Record<string, number> = {};
  /** Losses that wait for the next batch because theirs could not be made. */
  #carriedLosses: Record<string, number> = {};
  /** Facts that wait for the next batch. */
  #facts: ProcessFacts[] = [];
  /** Facts from the last revisit are among them. While no batch leaves, for which they wait, no more are added. */
  #hasRevisited = false;
  #missingCgroups: readonly string[] = [];
  #isStalled = false;
  #isBlocked = false;
  #hanging = 0;

  constructor(options: BpfSourceOptions, context: SourceContext, counters: Counters<LossReason>) {
    this.#options = options;
    this.#context = context;
    this.#counters = counters;
    const { identity, resourceIds, hostResourceId, telemetry } = context;
    this.#processes = new ProcessTable({
      agentId: identity.agentId,
      hostResourceId,
      bootTimeNs: identity.bootTimeNs,
      ids: resourceIds,
      maxProcesses: options.maxProcesses,
      chooseEnvironment: options.chooseEnvironment,
    });
    this.#gatherer = new FactGatherer({
      table: this.#processes,
      readMemory: (processId) => options.native.readProcessMemory(processId),
      onFacts: (facts) => this.#takeFacts(facts),
    });
    this.#watch = new CaptureWatch(options.capture.maxUnacknowledgedBlocks);
    this.#capture = this.#startCapture();
    telemetry.emit(collectorEvents.started, { agentId: identity.agentId, firstEventId: identity.firstEventId });
    const missing = options.native.missingRequirements();
    if (missing.length > 0) telemetry.emit(collectorEvents.rightsMissing, { missing });
    this.#inspections = new ProgramInspections(this.#capture, telemetry);
    this.#lastWaiting = Promise.race([this.#inspections.scan(), sleep(firstScanMs)]);
    this.#timers = [
      setInterval(() => this.#everySecond(), revisitEveryMs),
      setInterval(() => void this.#inspections.scan(), options.loopProbeIntervalMs),
      setInterval(() => this.#report(), reportEveryMs),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#capture.stop();
    await this.#lastWaiting;
    this.#report();
    this.#context.telemetry.emit(collectorEvents.stopped, { batches: this.#sequence });
  }

  #startCapture(): Capture {
    const { native, capture: options, excluded, excludedCgroups } = this.#options;
    const { identity, telemetry } = this.#context;
    // From the first event on; processes that cannot be excluded are logged below.
    const all = { ...options, excludedProcessIds: excluded.processIds, firstEventId: identity.firstEventId };
    let capture: Capture;
    try {
      capture = native.startCapture(all, (block) => this.#take(block));
    } catch (error) {
      const { message } = error as Error;
      const code = message.startsWith('redaction pattern') ? 'CONFIG_INVALID' : 'ENVIRONMENT_UNSUPPORTED';
      throw new PipelineError(code, message, { cause: error });
    }
    const missed = excluded.begin(capture);
    for (const problem of capture.problems()) telemetry.emit(collectorEvents.programRefused, { problem });
    if (missed.length > 0) telemetry.emit(collectorEvents.notExcluded, { processIds: missed.slice(0, 100) });
    if (excludedCgroups.length > 0) this.#excludeCgroups(capture);
    return capture;
  }

  /** Groups are created and removed, and processes move between them: exclusions are looked up again every second. */
  #excludeCgroups(capture: Capture): void {
    const missing = capture.excludeControlGroups(this.#options.excludedCgroups);
    for (const path of missing)
      if (!this.#missingCgroups.includes(path)) this.#context.telemetry.emit(collectorEvents.cgroupMissing, { path });
    this.#missingCgroups = missing;
  }

  /** Called by the addon, where no caller catches exceptions. */
  #take(block: CapturedBlock): void {
    this.#outstanding++;
    this.#counters.receive(block.eventCount);
    for (const [reason, count] of Object.entries(block.losses)) this.#countLoss(reason, count);
    try {
      const waits = block.processes.flatMap((seen) => this.#gatherer.gather(seen) ?? []);
      if (this.#lastWaiting === undefined && waits.length === 0) this.#send(block);
      else this.#sendLater(block, waits);
    } catch (error) {
      this.#fail(block, error);
    }
  }

  #sendLater(block: CapturedBlock, waits: readonly Promise<void>[]): void {
    const waiting = Promise.all([this.#lastWaiting, ...waits]).then(() => {
      if (this.#lastWaiting === waiting) this.#lastWaiting = undefined;
      this.#send(block);
    });
    this.#lastWaiting = waiting;
  }

  /** Never throws. */
  #send(block: CapturedBlock): void {
    const { identity, clock, hostName, outbox, health } = this.#context;
    try {
      identity.noteEventId(block.lastEventId);
      const sequence = ++this.#sequence;
      const losses = sum(block.losses, this.#carriedLosses);
      const head = {
        agentId: identity.agentId,
        hostName,
        sequence,
        source: 'sockets' as const,
        baseTimeNs: clock.toUnixNs(block.baseMonotonicNs),
        baseMonotonicNs: block.baseMonotonicNs,
        untilOffsetNs: block.untilOffsetNs,
        losses: Object.entries(losses).map(([reason, count]) => ({ reason, count })),
        processes: this.#facts,
        interfaces: [],
      };
      const batch = encodeEventBatch(head, { events: { bytes: block.events, count: block.eventCount } });
      outbox.put([eventBatchMessage(identity.agentId, batch)], () => {
        // The kernel is heard of at least once a second; other messages are no sign of that.
        health.turns('capture');
        this.#counters.emit(block.eventCount);
        this.#finish();
      });
      this.#carriedLosses = {};
    } catch (error) {
      this.#fail(block, error);
    } finally {
      // Also where they are the reason why the batch could not be made: they must not spoil the next one.
      this.#facts = [];
      this.#hasRevisited = false;
    }
  }

  /** A block that cannot be sent: its events are lost, its credit is not. */
  #fail(block: CapturedBlock, error: unknown): void {
    this.#carriedLosses = sum(this.#carriedLosses, block.losses, { failed: block.eventCount });
    this.#unreportedLosses = sum(this.#unreportedLosses, { failed: block.eventCount });
    this.#counters.drop('failed', block.eventCount);
    this.#finish();
    this.#context.telemetry.emit(collectorEvents.batchFailed, { events: block.eventCount, error });
  }

  #finish(): void {
    this.#outstanding--;
    this.#capture.acknowledge(1);
  }

  #takeFacts(facts: ProcessFacts): void {
    const { identity, outbox } = this.#context;
    outbox.put([resourceMessage(processResource(identity.agentId, facts))]);
    this.#facts.push(facts);
    this.#inspections.inspect(facts.processId);
  }

  #countLoss(reason: string, count: number): void {
    this.#unreportedLosses = sum(this.#unreportedLosses, { [reason]: count });
    this.#counters.receive(count);
    this.#counters.drop(lossReasons.find((known) => known === reason) ?? 'other', count);
  }

  #report(): void {
    const { telemetry } = this.#context;
    this.#inspections.report();
    const leftOut = this.#gatherer.takeLeftOut();
    if (leftOut > 0) telemetry.emit(collectorEvents.factsLeftOut, { processes: leftOut });
    if (Object.keys(this.#unreportedLosses).length === 0) return;
    telemetry.emit(collectorEvents.eventsLost, { losses: this.#unreportedLosses });
    this.#unreportedLosses = {};
  }

  #everySecond(): void {
    if (this.#options.excludedCgroups.length > 0) this.#excludeCgroups(this.#capture);
    this.#gatherer.tick();
    this.#revisit();
    this.#observe();
  }

  #observe(): void {
    const { health, telemetry } = this.#context;
    const progress = this.#capture.progress();
    const { stalled, blocked } = this.#watch.observe(progress, this.#outstanding, performance.now());
    if (stalled === undefined) health.heals('collector', 'capture');
    else health.fails('collector', 'capture', stalled);
    if (stalled !== undefined && !this.#isStalled) telemetry.emit(collectorEvents.stalled, { reason: stalled });
    this.#isStalled = stalled !== undefined;
    // Both are signs of life: only what changes, or lasts, may count as one.
    if (blocked !== undefined) health.waits('collector', 'output', blocked);
    else if (this.#isBlocked) health.recovers('collector', 'output');
    this.#isBlocked = blocked !== undefined;
    const { hangingInspections } = progress;
    if (hangingInspections > this.#hanging) telemetry.emit(collectorEvents.inspectionsHang, { hangingInspections });
    this.#hanging = hangingInspections;
  }

  #revisit(): void {
    if (this.#hasRevisited) return;
    const { running, ended } = this.#processes.revisit(revisitEveryMs / this.#options.processFactsIntervalMs);
    this.#facts.push(...running);
    this.#hasRevisited = running.length > 0;
    if (ended.length === 0) return;
    const { identity, clock, outbox } = this.#context;
    const nowNs = clock.toUnixNs(Number(process.hrtime.bigint()));
    outbox.put(ended.map((facts) => resourceMessage(processResource(identity.agentId, facts, nowNs))));
  }
}

/** Counts by reason, added up. */
function sum(...all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const counts of all)
    for (const [reason, count] of Object.entries(counts)) if (count > 0) total[reason] = (total[reason] ?? 0) + count;
  return total;
}
