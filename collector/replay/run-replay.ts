/**
 * Sends a recording as if it were captured now: event batches keyed by their agent, and the resources that follow from
 * their process facts. The same recording makes the same messages in the same order at any speed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { decodeValue, encodeValue, schemaHeader } from '../../core/codec.ts';
import { PipelineError } from '../../core/errors.ts';
import type { SchemaHistory } from '../../core/schema-history.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readEventBatch, writeEventBatch, type ProcessFacts } from '../../schemas/generated/event-batch.ts';
import { readResource } from '../../schemas/generated/resource.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import { eventBatchMessage, readEventBatchHead, type EventBatchHead } from '../capture/event-batch-message.ts';
import type { Output } from '../outbox.ts';
import { hostResource, processResource, resourceMessage } from '../processes/resources.ts';
import { hostMetadataKey } from '../record/recording-writer.ts';
import { RecordingReader, type RecordingFacts } from './recording-reader.ts';

/** How a recording is replayed. */
export interface RunReplayOptions {
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
  /** Position in the file and its size, in bytes. */
  readonly positionBytes: number;
  readonly sizeBytes: number;
}

/** Messages are sent when this much waits. */
const sendBytes = 4 * 1024 * 1024;

/**
 * Sends everything readable of a recording; resolves when the output has all of it, or the signal fired.
 *
 * @throws PipelineError FILE_CORRUPT, naming file and position, after everything readable was sent
 */
export async function runReplay(options: RunReplayOptions): Promise<ReplayProgress> {
  const { path, output, speed, signal, skipBatches = 0, onProgress } = options;
  const reader = await RecordingReader.open(path);
  const { facts } = reader;
  const upgrade = upgraderOf(path, facts);
  const derived = new DerivedResources(facts);
  const pace = new Pace(speed, signal);
  let progress: ReplayProgress = { batches: 0, positionBytes: 0, sizeBytes: facts.sizeBytes };
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
      for await (const batch of reader.batches()) {
        if (signal.aborted) break;
        const value = upgrade(batch.value, batch.position);
        const head = readEventBatchHead(new AvroReader(value));
        if (progress.batches < skipBatches) {
          derived.of(head);
          progress = { ...progress, batches: progress.batches + 1, positionBytes: batch.position };
          continue;
        }
        if (pace.isAhead(head)) {
          await flush();
          await pace.wait(head);
        }
        waiting.push(...derived.of(head), eventBatchMessage(head.agentId, value));
        waitingBytes += value.length;
        progress = { ...progress, batches: progress.batches + 1, positionBytes: batch.position };
        if (waitingBytes >= sendBytes) await flush();
      }
    } finally {
      // Also before the error of a damaged file is thrown: what was readable counts.
      if (!signal.aborted) progress = { ...progress, positionBytes: facts.sizeBytes };
      await flush();
    }
  } finally {
    await reader.close();
  }
  return progress;
}

/** Rewrites batches of a recording of an older version as the current version has them. */
function upgraderOf(path: string, facts: RecordingFacts): (value: Buffer, position: number) => Buffer {
  const fingerprint = facts.schemaFingerprint;
  if (fingerprint === schemas.EventBatch.fingerprint) return (value) => value;
  const history: SchemaHistory = new Map([[fingerprint, { name: 'EventBatch', text: facts.schemaText }]]);
  return (value, position) => {
    const decoded = decodeValue(
      'EventBatch',
      { headers: { [schemaHeader]: fingerprint }, value },
      readEventBatch,
      history,
    );
    if (decoded.kind === 'ok') return encodeValue(decoded.value, writeEventBatch);
    throw new PipelineError(
      'FILE_CORRUPT',
      `${path} cannot be used from byte ${position} on: its version ${fingerprint} is too different (${decoded.detail}).`,
    );
  };
}

/** The resources of a recording, each version of each once. */
class DerivedResources {
  readonly #recordedHost: Uint8Array | undefined;
  readonly #hosts = new Set<number>();
  readonly #processes = new Map<number, ProcessFacts>();

  constructor(facts: RecordingFacts) {
    this.#recordedHost = facts.metadata[hostMetadataKey];
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

/** Waits as the recorded batches did, divided by the speed. */
class Pace {
  readonly #speed: number | 'max';
  readonly #signal: AbortSignal;
  #firstNs: bigint | undefined;
  #startedAtMs = 0;

  constructor(speed: number | 'max', signal: AbortSignal) {
    this.#speed = speed;
    this.#signal = signal;
  }

  #dueInMs(head: EventBatchHead): number {
    if (this.#speed === 'max') return 0;
    const endNs = head.baseTimeNs + BigInt(Math.round(head.untilOffsetNs));
    if (this.#firstNs === undefined) {
      this.#firstNs = endNs;
      this.#startedAtMs = performance.now();
    }
    return Number(endNs - this.#firstNs) / 1e6 / this.#speed - (performance.now() - this.#startedAtMs);
  }

  isAhead(head: EventBatchHead): boolean {
    return this.#dueInMs(head) > 1;
  }

  async wait(head: EventBatchHead): Promise<void> {
    try {
      await sleep(this.#dueInMs(head), undefined, { signal: this.#signal });
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    }
  }
}
