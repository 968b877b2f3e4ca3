/**
 * The source of packets.
 *
 * Input: blocks of segments and flow intervals from the addon, already encoded as Avro and not decoded here. Output: one
 * EventBatch per block, of source `packets`. State: unacknowledged blocks. Bounds: SPANLOOM_COLLECTOR_PACKET_RING_BYTES,
 * _MAX_FLOWS and _MAX_UNACKNOWLEDGED_BLOCKS.
 */
import { PipelineError } from '../../core/errors.ts';
import type { Accounting } from '../../core/stage/stage.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type {
  NativePacketCapture,
  PacketBlock,
  PacketCapture,
  PacketCaptureOptions,
} from '../../native/packets/packet-capture.ts';
import { BatchSender, type CaptureCounters, newCaptureCounters } from '../capture/batch-sender.ts';
import { collectorEvents } from '../internal-events.ts';
import type { RunningSource, Source, SourceContext } from '../source.ts';
import { countPackets } from './packet-metrics.ts';

/** How packets are captured. */
export interface PacketSourceOptions {
  readonly native: NativePacketCapture;
  readonly telemetry: Telemetry;
  readonly capture: Omit<PacketCaptureOptions, 'firstSegmentId'>;
}

/** Ids of segments are above those of socket events, which are microseconds since 1970. */
const firstSegmentId = 2 ** 52;
const observeEveryMs = 1_000;
const reportEveryMs = 10_000;

/** The source of packets. */
export class PacketSource implements Source {
  readonly name = 'packets';
  readonly #options: PacketSourceOptions;
  readonly #counters = newCaptureCounters();

  constructor(options: PacketSourceOptions) {
    this.#options = options;
  }

  /** Segments and flow intervals by what became of them; and packets that were lost. */
  accounting(): Accounting {
    return this.#counters;
  }

  start(context: SourceContext): Promise<RunningSource> {
    context.health.starts(this.name);
    return Promise.resolve(new PacketRun(this.#options, context, this.#counters));
  }
}

/** One run of the capture. */
class PacketRun implements RunningSource {
  readonly #context: SourceContext;
  readonly #sender: BatchSender;
  readonly #capture: PacketCapture;
  readonly #timers: readonly NodeJS.Timeout[];
  #problems: readonly string[] = [];

  constructor(options: PacketSourceOptions, context: SourceContext, counters: CaptureCounters) {
    this.#context = context;
    this.#sender = new BatchSender({
      ...{ source: 'packets', name: 'packets', context, counters },
      maxUnacknowledgedBlocks: options.capture.maxUnacknowledgedBlocks,
      acknowledge: () => this.#capture.acknowledge(1),
    });
    this.#capture = this.#start(options);
    countPackets(options.telemetry, () => this.#capture.progress().counts);
    const { interfaces, problems } = this.#capture.progress();
    context.telemetry.emit(collectorEvents.packetsStarted, { interfaces: interfaces.slice(0, 100) });
    this.#tell(problems);
    this.#timers = [
      setInterval(() => this.#observe(), observeEveryMs),
      setInterval(() => this.#sender.report(), reportEveryMs),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#capture.stop();
    this.#sender.report();
    this.#context.telemetry.emit(collectorEvents.packetsStopped, { batches: this.#sender.batches });
  }

  #start({ native, capture }: PacketSourceOptions): PacketCapture {
    const { firstEventId } = this.#context.identity;
    const own = {
      firstSegmentId: firstSegmentId + firstEventId,
      flows: { ...capture.flows, firstFlowId: firstEventId },
    };
    try {
      return native.startPacketCapture({ ...capture, ...own }, (block) => this.#take(block));
    } catch (error) {
      const { message } = error as Error;
      const isInvalid = message.startsWith('redaction pattern') || message.includes('is not valid');
      throw new PipelineError(isInvalid ? 'CONFIG_INVALID' : 'ENVIRONMENT_UNSUPPORTED', message, { cause: error });
    }
  }

  /** Called by the addon. Never throws. */
  #take(block: PacketBlock): void {
    const { segments, segmentCount, intervals, intervalCount, losses, lastSegmentId, lastFlowId } = block;
    const records = segmentCount + intervalCount;
    this.#sender.receive(records, losses);
    this.#sender.send({
      ...{ records, losses, untilOffsetNs: block.untilOffsetNs },
      baseMonotonicNs: Number(block.baseNs),
      lastId: Math.max(lastSegmentId - firstSegmentId, lastFlowId),
      captured: {
        segments: { bytes: segments, count: segmentCount },
        flows: { bytes: intervals, count: intervalCount },
      },
      processes: [],
      interfaces: block.interfaces ?? [],
    });
  }

  #observe(): void {
    const { received, read, dropped, unacknowledgedBlocks, problems } = this.#capture.progress();
    // In packets; only whether they change counts.
    this.#sender.observe({ producedBytes: received, consumedBytes: read, ringFull: dropped, unacknowledgedBlocks });
    this.#tell(problems);
  }

  #tell(problems: readonly string[]): void {
    for (const problem of problems)
      if (!this.#problems.includes(problem))
        this.#context.telemetry.emit(collectorEvents.packetsNotCaptured, { problem });
    this.#problems = problems;
  }
}
