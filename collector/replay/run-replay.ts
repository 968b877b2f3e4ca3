/**
 * Sends a recording or a capture file as if it were captured now: event batches keyed by their agent, and the resources that
 * follow from their process facts. The same file makes the same messages in the same order at any speed.
 */
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import { readResource } from '../../schemas/generated/resource.ts';
import { eventBatchMessage, readEventBatchHead, type EventBatchHead } from '../capture/event-batch-message.ts';
import type { Output } from '../outbox.ts';
import { hostResource, processResource, resourceMessage } from '../processes/resources.ts';
import { Pace } from './pace.ts';
import { openReplayInput, type ReplayInput, type ReplayInputOptions } from './replay-input.ts';
import { withTicks } from './with-ticks.ts';

/** How a recording or a capture file is replayed. */
export interface RunReplayOptions extends ReplayInputOptions {
  /** `-` for a capture file on standard input. */
  readonly path: string;
  readonly output: Output;
  /** 1 as recorded, 2 twice as fast, 'max' without waiting. */
  readonly speed: number | 'max';
  readonly signal: AbortSignal;
  /** Batches at the beginning that were sent before, with all that follows from them. 0. */
  readonly skipBatches?: number;
  /** Called after every chunk that was sent. */
  readonly onProgress?: (progress: ReplayProgress) => void;
}

/** How far a replay is. */
export interface ReplayProgress {
  /** Those left out at the beginning are counted too. */
  readonly batches: number;
  /** Position in the file and its size, in bytes; of standard input the size is not known. */
  readonly positionBytes: number;
  readonly sizeBytes: number | undefined;
}

/** Messages are sent when this much waits. */
const sendBytes = 4 * 1024 * 1024;
/** Of an input that goes on until it is stopped, messages are sent at least so often. */
const sendEveryMs = 1_000;

/**
 * Sends everything readable; resolves when the output has all of it, or the signal fired.
 *
 * @throws PipelineError FILE_CORRUPT, naming file and position, after everything readable was sent
 */
export async function runReplay(options: RunReplayOptions): Promise<ReplayProgress> {
  const { output, speed, signal, skipBatches = 0, onProgress, stop } = options;
  const input = await openUnlessAborted(options);
  if (input === undefined) return { batches: 0, positionBytes: 0, sizeBytes: undefined };
  const batches = stop === undefined ? input.batches() : withTicks(input.batches(), sendEveryMs);
  const derived = new DerivedResources(input.recordedHost);
  const pace = new Pace(speed, signal);
  let progress: ReplayProgress = { batches: 0, positionBytes: 0, sizeBytes: input.sizeBytes };
  let waiting: OutgoingMessage[] = [];
  let waitingBytes = 0;
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await output.send(waiting);
    waiting = [];
    waitingBytes = 0;
    onProgress?.(progress);
  };
  try {
    try {
      for await (const batch of batches) {
        if (signal.aborted) break;
        if (batch === undefined) {
          await flush();
          continue;
        }
        const { value, positionBytes } = batch;
        const head = readEventBatchHead(new AvroReader(value));
        if (progress.batches < skipBatches) {
          derived.of(head);
          progress = { ...progress, batches: progress.batches + 1, positionBytes };
          continue;
        }
        if (pace.isAhead(head)) {
          await flush();
          await pace.wait(head);
        }
        waiting.push(...derived.of(head), eventBatchMessage(head.agentId, value));
        waitingBytes += value.length;
        progress = { ...progress, batches: progress.batches + 1, positionBytes };
        if (waitingBytes >= sendBytes) await flush();
      }
    } finally {
      // Also before the error of a damaged file is thrown: what was readable counts.
      if (!signal.aborted) progress = { ...progress, positionBytes: input.sizeBytes ?? progress.positionBytes };
      await flush();
    }
  } finally {
    await input.close();
  }
  return progress;
}

/** Opens the input so that it does not wait for bytes any more once the signal fires. */
async function openUnlessAborted({ path, signal, ...options }: RunReplayOptions): Promise<ReplayInput | undefined> {
  const stop = AbortSignal.any([signal, ...(options.stop === undefined ? [] : [options.stop])]);
  try {
    return await openReplayInput(path, { ...options, stop });
  } catch (error) {
    // What was not read of it says nothing of the input.
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** The resources of a recording, each version of each once. */
class DerivedResources {
  readonly #recordedHost: Uint8Array | undefined;
  readonly #hosts = new Set<number>();
  readonly #processes = new Map<number, ProcessFacts>();

  constructor(recordedHost: Uint8Array | undefined) {
    this.#recordedHost = recordedHost;
  }

  of({ agentId, hostName, processes, baseTimeNs }: EventBatchHead): OutgoingMessage[] {
    const messages: OutgoingMessage[] = [];
    for (const facts of processes) {
      if (!this.#hosts.has(facts.hostResourceId)) {
        this.#hosts.add(facts.hostResourceId);
        const host = { agentId, resourceId: facts.hostResourceId, hostName, bootTimeNs: baseTimeNs };
        messages.push(resourceMessage(this.#readRecordedHost(facts.hostResourceId) ?? hostResource(host)));
      }
      const known = this.#processes.get(facts.resourceId);
      // Facts are repeated; only names change while the resource stays.
      if (known?.serviceName === facts.serviceName && known.name === facts.name) continue;
      this.#processes.set(facts.resourceId, facts);
      messages.push(resourceMessage(processResource(agentId, facts)));
    }
    return messages;
  }

  #readRecordedHost(id: number): ReturnType<typeof readResource> | undefined {
    if (this.#recordedHost === undefined) return undefined;
    try {
      const host = readResource(new AvroReader(Buffer.from(this.#recordedHost)));
      return host.id === id ? host : undefined;
    } catch {
      // Of another version: what follows from the batches does.
      return undefined;
    }
  }
}
