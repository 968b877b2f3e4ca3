/**
 * Kernel events as a source: each block that the addon hands over becomes one EventBatch. The events in it are Avro
 * already and are not looked at here. A block is acknowledged when the output has stored it; until then it counts against
 * the addon's limit, so that a slow output fills the ring buffer, whose losses are counted, and not this process.
 */
import { PipelineError } from '../../core/errors.ts';
import { Counters } from '../../core/stage/accounting.ts';
import type { Accounting } from '../../core/stage/stage.ts';
import type { Capture, CapturedBlock, CaptureOptions, NativeCapture, SeenProcess } from '../../native/capture.ts';
import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import { collectorEvents } from '../internal-events.ts';
import { LoopProbes } from '../loop-probes.ts';
import type { ChooseEnvironment } from '../processes/environment-tags.ts';
import { listProcessIds, readProcFiles } from '../processes/proc-files.ts';
import { ProcessTable } from '../processes/process-table.ts';
import { processResource, resourceMessage } from '../processes/resources.ts';
import type { RunningSource, Source, SourceContext } from '../source.ts';
import { encodeEventBatch, eventBatchMessage } from './event-batch-message.ts';

/** How kernel events are captured. */
export interface BpfSourceOptions {
  readonly native: NativeCapture;
  readonly capture: Omit<CaptureOptions, 'firstEventId'>;
  readonly maxProcesses: number;
  readonly processFactsIntervalMs: number;
  readonly loopProbeIntervalMs: number;
  readonly chooseEnvironment: ChooseEnvironment;
}

/** Every loss the addon tells of; others count as the last. */
const lossReasons = [
  'ring_full',
  'socket_unresolved',
  'payload_unreadable',
  'map_full',
  'arguments_missed',
  'other',
] as const;
type LossReason = (typeof lossReasons)[number];

/** The pipeline's own processes call themselves so. */
const ownName = /^spanloom/;
const revisitEveryMs = 1_000;
const tellLossEveryMs = 10_000;

/** The source of kernel events. */
export class BpfSource implements Source {
  readonly name = 'bpf';
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
    const run = new BpfRun(this.#options, context, this.#counters);
    return Promise.resolve(run);
  }
}

/** One run of the capture. */
class BpfRun implements RunningSource {
  readonly #context: SourceContext;
  readonly #counters: Counters<LossReason>;
  readonly #processes: ProcessTable;
  readonly #capture: Capture;
  readonly #probes: LoopProbes;
  readonly #timers: NodeJS.Timeout[];
  readonly #revisitShare: number;
  #sequence = 0;
  #untoldLosses: Record<string, number> = {};
  /** Facts that wait for the next batch. */
  #facts: ProcessFacts[] = [];

  constructor(options: BpfSourceOptions, context: SourceContext, counters: Counters<LossReason>) {
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
    const excludedProcessIds = [...options.capture.excludedProcessIds, process.pid, ...ownProcesses()];
    const captureOptions = { ...options.capture, excludedProcessIds, firstEventId: identity.firstEventId };
    try {
      this.#capture = options.native.startCapture(captureOptions, (block) => this.#take(block));
    } catch (error) {
      const { message } = error as Error;
      const code = message.startsWith('redaction pattern') ? 'CONFIG_INVALID' : 'ENVIRONMENT_UNSUPPORTED';
      throw new PipelineError(code, message, { cause: error });
    }
    telemetry.emit(collectorEvents.started, { agentId: identity.agentId, firstEventId: identity.firstEventId });
    this.#probes = new LoopProbes(this.#capture, telemetry);
    this.#probes.scan();
    this.#revisitShare = revisitEveryMs / options.processFactsIntervalMs;
    this.#timers = [
      setInterval(() => this.#revisit(), revisitEveryMs),
      setInterval(() => this.#probes.scan(), options.loopProbeIntervalMs),
      setInterval(() => this.#tellLosses(), tellLossEveryMs),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#capture.stop();
    this.#tellLosses();
    this.#context.telemetry.emit(collectorEvents.stopped, { batches: this.#sequence });
  }

  #take(block: CapturedBlock): void {
    const { identity, clock, hostName, outbox } = this.#context;
    identity.noteEventId(block.lastEventId);
    for (const seen of block.processes) this.#note(seen);
    const losses = Object.entries(block.losses).map(([reason, count]) => ({ reason, count }));
    for (const { reason, count } of losses) this.#countLoss(reason, count);
    const head = {
      agentId: identity.agentId,
      hostName,
      sequence: ++this.#sequence,
      baseTimeNs: clock.toUnixNs(block.baseMonotonicNs),
      baseMonotonicNs: block.baseMonotonicNs,
      untilOffsetNs: block.untilOffsetNs,
      losses,
      processes: this.#facts,
    };
    this.#facts = [];
    this.#counters.receive(block.eventCount);
    const batch = encodeEventBatch(head, block.events, block.eventCount);
    outbox.put([eventBatchMessage(identity.agentId, batch)], () => {
      this.#counters.emit(block.eventCount);
      this.#capture.acknowledge(1);
    });
  }

  #note(seen: SeenProcess): void {
    if (ownName.test(seen.name)) {
      this.#capture.exclude(seen.processId);
      return;
    }
    const facts = this.#processes.note(seen);
    if (facts === undefined) return;
    this.#facts.push(facts);
    const { identity, outbox } = this.#context;
    outbox.put([resourceMessage(processResource(identity.agentId, facts))]);
    this.#probes.inspect(seen.processId);
  }

  #countLoss(reason: string, count: number): void {
    this.#untoldLosses[reason] = (this.#untoldLosses[reason] ?? 0) + count;
    this.#counters.receive(count);
    this.#counters.drop(lossReasons.find((known) => known === reason) ?? 'other', count);
  }

  #tellLosses(): void {
    if (Object.keys(this.#untoldLosses).length === 0) return;
    this.#context.telemetry.emit(collectorEvents.eventsLost, { losses: this.#untoldLosses });
    this.#untoldLosses = {};
  }

  #revisit(): void {
    const { running, ended } = this.#processes.revisit(this.#revisitShare);
    this.#facts.push(...running);
    if (ended.length === 0) return;
    const { identity, clock, outbox } = this.#context;
    const nowNs = clock.toUnixNs(Number(process.hrtime.bigint()));
    outbox.put(ended.map((facts) => resourceMessage(processResource(identity.agentId, facts, nowNs))));
  }
}

/** The pipeline's other processes on this host, those that run already. */
function ownProcesses(): number[] {
  return listProcessIds().filter((processId) => ownName.test(readProcFiles(processId)?.name ?? ''));
}
