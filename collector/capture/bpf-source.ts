/**
 * The source of kernel events.
 *
 * Input: blocks of events from the addon, already encoded as Avro and not decoded here. Output: one EventBatch per block, with
 * facts of new processes. State: unacknowledged blocks and known processes. Bounds: SPANLOOM_COLLECTOR_RING_BYTES,
 * _MAX_UNACKNOWLEDGED_BLOCKS and _MAX_PROCESSES.
 *
 * Blocks leave as batch-sender.ts says: a slow output fills the ring buffer, whose losses are counted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../core/errors.ts';
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
import { BatchSender, type CaptureCounters, newCaptureCounters } from './batch-sender.ts';

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

const revisitEveryMs = 1_000;
const reportEveryMs = 10_000;
/** The first batch waits at most so long for probes on the programs that run already. */
const firstScanMs = 2_000;

/** The source of kernel events. */
export class BpfSource implements Source {
  readonly name = 'capture';
  readonly #options: BpfSourceOptions;
  readonly #counters = newCaptureCounters();

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
  readonly #processes: ProcessTable;
  readonly #gatherer: FactGatherer;
  readonly #capture: Capture;
  readonly #inspections: ProgramInspections;
  readonly #timers: NodeJS.Timeout[];
  readonly #sender: BatchSender;
  /** Blocks leave in the order in which they came: the last that waits for facts of its processes. */
  #lastWaiting: Promise<void> | undefined;
  /** Facts that wait for the next batch. */
  #facts: ProcessFacts[] = [];
  /** Facts from the last revisit are among them. While no batch leaves, for which they wait, no more are added. */
  #hasRevisited = false;
  #missingCgroups: readonly string[] = [];
  #hanging = 0;

  constructor(options: BpfSourceOptions, context: SourceContext, counters: CaptureCounters) {
    this.#options = options;
    this.#context = context;
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
    this.#sender = new BatchSender({
      ...{ source: 'sockets', name: 'capture', context, counters },
      maxUnacknowledgedBlocks: options.capture.maxUnacknowledgedBlocks,
      acknowledge: () => this.#capture.acknowledge(1),
    });
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
    this.#context.telemetry.emit(collectorEvents.stopped, { batches: this.#sender.batches });
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
    this.#sender.receive(block.eventCount, block.losses);
    try {
      const waits = block.processes.flatMap((seen) => this.#gatherer.gather(seen) ?? []);
      if (this.#lastWaiting === undefined && waits.length === 0) this.#send(block);
      else this.#sendLater(block, waits);
    } catch (error) {
      this.#sender.fail(block.eventCount, block.losses, error);
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
    this.#sender.send({
      ...{ records: block.eventCount, lastId: block.lastEventId, losses: block.losses },
      ...{ baseMonotonicNs: block.baseMonotonicNs, untilOffsetNs: block.untilOffsetNs },
      captured: { events: { bytes: block.events, count: block.eventCount } },
      processes: this.#facts,
      interfaces: [],
    });
    // Also where they are the reason why the batch could not be made: they must not spoil the next one.
    this.#facts = [];
    this.#hasRevisited = false;
  }

  #takeFacts(facts: ProcessFacts): void {
    const { identity, outbox } = this.#context;
    outbox.put([resourceMessage(processResource(identity.agentId, facts))]);
    this.#facts.push(facts);
    this.#inspections.inspect(facts.processId);
  }

  #report(): void {
    const { telemetry } = this.#context;
    this.#inspections.report();
    const leftOut = this.#gatherer.takeLeftOut();
    if (leftOut > 0) telemetry.emit(collectorEvents.factsLeftOut, { processes: leftOut });
    this.#sender.report();
  }

  #everySecond(): void {
    if (this.#options.excludedCgroups.length > 0) this.#excludeCgroups(this.#capture);
    this.#gatherer.tick();
    this.#revisit();
    this.#observe();
  }

  #observe(): void {
    const { telemetry } = this.#context;
    const progress = this.#capture.progress();
    this.#sender.observe(progress);
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
