import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, deflateRaw } from 'node:zlib';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { fileError } from '../../core/files/file-error.ts';
import { openOutputFile, type OutputFile } from '../../core/files/output-file.ts';
import type { Topic } from '../../core/topics.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import type { Output } from '../outbox.ts';
import { encodeBlock, encodeHeader, markerBytes, type RecordingCodec } from './container-file.ts';

/** How a recording is written. */
export interface RecordingOptions {
  readonly codec: RecordingCodec;
  /** Longest time between an event batch and its block in the file; 1000 by default. */
  readonly flushIntervalMs?: number;
}

/** A block is written when this many bytes wait: it bounds memory, and the loss by a damaged block. */
const blockBytes = 1024 * 1024;

/** Key of the host's resource in the metadata: what cannot be derived from event batches (its addresses). */
export const hostMetadataKey = 'spanloom.host';

const compress = promisify(deflateRaw);

/**
 * An output that writes the event batches it is sent into an Avro object container file, one batch a datum, bytes
 * unchanged. Whole blocks are appended, so that a killed process leaves a file that is readable up to its last block. The
 * file gets its name, and replaces another, with the first batch.
 */
export class RecordingWriter implements Output {
  readonly #file: OutputFile;
  readonly #path: string;
  readonly #codec: RecordingCodec;
  readonly #marker = randomBytes(markerBytes);
  readonly #timer: NodeJS.Timeout;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #host: Uint8Array | undefined;
  #isHeaderWritten = false;
  #writing: Promise<void> = Promise.resolve();
  #failure: unknown;
  /** Batches and bytes of the file so far. */
  batches = 0;
  bytes = 0;

  /** @throws PipelineError FILE_UNUSABLE or ENVIRONMENT_UNSUPPORTED when the file cannot be made */
  static async create(path: string, options: RecordingOptions): Promise<RecordingWriter> {
    return new RecordingWriter(await openOutputFile(path), path, options);
  }

  private constructor(file: OutputFile, path: string, options: RecordingOptions) {
    this.#file = file;
    this.#path = path;
    this.#codec = options.codec;
    this.#timer = setInterval(() => {
      // The next send or close throws the error.
      this.#flush().catch((error: unknown) => (this.#failure ??= error));
    }, options.flushIntervalMs ?? 1_000);
  }

  /**
   * Takes event batches, and from resources the host. Resolves before the batches are in the file, unless more than one
   * block waits: a recording may lose its last second, a full disk must not cost memory.
   *
   * @throws PipelineError BUS_FULL when there is no room
   */
  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure as Error;
    for (const { topic, key, value } of messages) {
      if (topic === ('events' satisfies Topic)) {
        this.#waiting.push(value);
        this.#waitingBytes += value.length;
        this.batches++;
      } else if (topic === ('agent-resources' satisfies Topic) && key.startsWith('host:')) this.#host ??= value;
    }
    // The header is written at once: a file without one is no recording.
    if (!this.#isHeaderWritten || this.#waitingBytes >= blockBytes) await this.#flush();
  }

  /** Writes what waits and closes the file. Of a recording without a batch nothing stays. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    try {
      await this.#flush();
      if (this.batches > 0) await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  #flush(): Promise<void> {
    const [batches, count] = [this.#waiting, this.#waiting.length];
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#writing = this.#writing.then(() => this.#write(batches, count));
    return this.#writing;
  }

  async #write(batches: readonly Uint8Array[], count: number): Promise<void> {
    if (count === 0) return;
    if (!this.#isHeaderWritten) {
      const metadata = {
        'avro.schema': Buffer.from(schemas.EventBatch.text),
        'avro.codec': Buffer.from(this.#codec),
        ...(this.#host === undefined ? {} : { [hostMetadataKey]: this.#host }),
      };
      await this.#append(encodeHeader({ metadata, marker: this.#marker }));
      await this.#file.keep();
      this.#isHeaderWritten = true;
    }
    const plain = Buffer.concat(batches);
    const data = this.#codec === 'null' ? plain : await compress(plain, { level: constants.Z_BEST_SPEED + 2 });
    await this.#append(encodeBlock(count, data, this.#marker));
  }

  async #append(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.write(bytes);
      this.bytes += bytes.length;
    } catch (error) {
      throw fileError(this.#path, 'written', error);
    }
  }
}
