/**
 * A capture file, pcap or pcapng, as the collector would have seen its packets: the same native code follows the flows, in
 * chunks, so that memory is bounded whatever the size of the file.
 */
import { PipelineError } from '../../core/errors.ts';
import { loadNative } from '../../native/load.ts';
import type { FlowBlock, FlowCounts, FlowOptions } from '../../native/packets/flow-blocks.ts';
import type { FlowReader } from '../../native/packets/capture-files.ts';
import type { CaptureConfig } from '../capture/config.ts';
import { redactionOptions } from '../capture/redaction-options.ts';
import type { InputBytes } from './input-bytes.ts';

/** First bytes of files that are captures: pcap with times in micro- or nanoseconds and of a modified kind, pcapng. */
const magics: readonly string[] = [
  ...['a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1', 'a1b2cd34', '34cdb2a1'],
  '0a0d0d0a',
];

/** Whether a file that begins so is a capture file. */
export function beginsAsCaptureFile(magic: Buffer): boolean {
  return magics.includes(magic.toString('hex'));
}

/** How much of payloads is read, and what of it is overwritten: as the settings of the capture say. */
export function flowOptions(config: CaptureConfig): FlowOptions {
  return {
    messageBytes: config.payloadBytes,
    continuationBytes: config.continuationBytes,
    redaction: redactionOptions(config),
  };
}

/** What one chunk of a capture file gave. */
export interface CapturedChunk {
  readonly blocks: readonly FlowBlock[];
  /** Unix time in nanoseconds of the first packet in the file; undefined as long as there was none. */
  readonly firstTimeNs: bigint | undefined;
  /** Names of the interfaces of the file by their number; empty where it has none. */
  readonly interfaces: readonly string[];
}

/** A capture file that is open for reading, once. */
export class CaptureFile {
  readonly input: InputBytes;
  readonly #reader: FlowReader;
  #interfaces: readonly string[] = [];

  /** @throws PipelineError CONFIG_INVALID when a pattern of redaction is not valid */
  constructor(input: InputBytes, options: FlowOptions) {
    this.input = input;
    try {
      this.#reader = loadNative().createFlowReader(options);
    } catch (error) {
      const { message } = error as Error;
      if (!message.startsWith('redaction pattern')) throw error;
      throw new PipelineError('CONFIG_INVALID', `SPANLOOM_COLLECTOR_REDACT_PATTERNS: ${message}`, { cause: error });
    }
  }

  /**
   * Yields what each chunk gave, and in the end what flows had left. Between two chunks other work gets its turn.
   *
   * @throws PipelineError FILE_CORRUPT, naming file and position, behind everything that was readable; not for a record that was
   * not all there when the input was stopped
   */
  async *chunks(): AsyncGenerator<CapturedChunk, void, undefined> {
    let damage: PipelineError | undefined;
    let isUnreadable = false;
    try {
      for await (const bytes of this.input.chunks()) {
        const { error, ...chunk } = this.#reader.read(bytes);
        yield this.#withInterfaces(chunk);
        isUnreadable = error !== undefined;
        if (isUnreadable) break;
      }
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'FILE_CORRUPT') throw error;
      damage = error;
    }
    const { error, ...rest } = this.#reader.end();
    yield this.#withInterfaces(rest);
    if (damage !== undefined) throw damage;
    if (error !== undefined && (isUnreadable || !this.input.isStopped))
      throw new PipelineError(
        'FILE_CORRUPT',
        error.replace(/^The capture file/, () => this.input.name),
      );
  }

  #withInterfaces(chunk: Omit<ReturnType<FlowReader['read']>, 'error'>): CapturedChunk {
    this.#interfaces = chunk.interfaces ?? this.#interfaces;
    return { ...chunk, interfaces: this.#interfaces };
  }

  /** Counts since the beginning. */
  counts(): FlowCounts {
    return this.#reader.counts();
  }

  close(): void {
    this.input.close();
  }
}
