/** The bytes of a file, or of standard input, in chunks: plain, or decompressed where they begin as gzip (RFC 1952). */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip } from 'node:zlib';
import { PipelineError } from '../../core/errors.ts';
import { openInputFile } from '../../core/files/open-input-file.ts';

/** Names standard input on a command line. */
export const standardInput = '-';

const chunkBytes = 256 * 1024;
/** A format is known by so many bytes. */
const magicBytes = 4;

/** An input that is open for reading, once and from the beginning. */
export interface InputBytes {
  /** How messages name it. */
  readonly name: string;
  /** Its size as it is stored; undefined where that is not known. */
  readonly sizeBytes: number | undefined;
  /** Its first bytes, decompressed; fewer than four of an input that is as short. */
  readonly magic: Buffer;
  /** Bytes read so far, as they are stored. */
  readonly positionBytes: number;
  /** Whether it was told to end before its end. */
  readonly isStopped: boolean;
  /** All of it, `magic` included. @throws PipelineError FILE_CORRUPT where it cannot be decompressed, behind what could be */
  chunks(): AsyncGenerator<Buffer, void, undefined>;
  close(): void;
}

/**
 * Opens a file, or with `-` standard input.
 *
 * @param stop ends the input where it is, as if there were no more
 * @throws PipelineError FILE_UNUSABLE or ENVIRONMENT_UNSUPPORTED with a sentence that names the file
 */
export async function openInputBytes(path: string, stop?: AbortSignal): Promise<InputBytes> {
  const input = await Input.open(path, stop);
  try {
    await input.begin();
  } catch (error) {
    input.close();
    throw error;
  }
  return input;
}

class Input implements InputBytes {
  readonly name: string;
  readonly sizeBytes: number | undefined;
  readonly #path: string;
  readonly #stored: Readable;
  readonly #stop: AbortSignal | undefined;
  readonly #onStop = (): void => {
    this.isStopped = !this.#stored.readableEnded;
    this.#stored.destroy();
  };
  #chunks: AsyncIterator<Buffer> | undefined;
  #first: Buffer = Buffer.alloc(0);
  #failure: unknown;
  positionBytes = 0;
  isStopped = false;

  static async open(path: string, stop: AbortSignal | undefined): Promise<Input> {
    if (path === standardInput) return new Input(path, 'Standard input', process.stdin, undefined, stop);
    const file = await openInputFile(path);
    const { size } = await file.stat();
    return new Input(path, path, file.createReadStream({ highWaterMark: chunkBytes }), size, stop);
  }

  private constructor(
    path: string,
    name: string,
    stored: Readable,
    sizeBytes: number | undefined,
    stop: AbortSignal | undefined,
  ) {
    this.#path = path;
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.#stored = stored;
    this.#stop = stop;
    if (stop?.aborted === true) this.#onStop();
    else stop?.addEventListener('abort', this.#onStop);
  }

  get magic(): Buffer {
    return this.#first.subarray(0, magicBytes);
  }

  /** Reads as much as is needed to know what it is. */
  async begin(): Promise<void> {
    this.#chunks = this.#readStored();
    await this.#fill();
    if (this.#first[0] !== 0x1f || this.#first[1] !== 0x8b) return;
    const compressed = joined(this.#first, this.#chunks);
    // What is there of a file that was cut is used: where it ends, the capture file is cut.
    const gunzip = createGunzip({ chunkSize: chunkBytes, finishFlush: constants.Z_SYNC_FLUSH });
    pipeline(Readable.from(compressed, { objectMode: false, highWaterMark: chunkBytes }), gunzip).catch(
      (error: unknown) => (this.#failure = error),
    );
    this.#first = Buffer.alloc(0);
    this.#chunks = gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    await this.#fill();
    if (this.#first.length < magicBytes) this.#requireSound();
  }

  async #fill(): Promise<void> {
    while (this.#first.length < magicBytes) {
      const chunk = await this.#next();
      if (chunk === undefined) return;
      this.#first = Buffer.concat([this.#first, chunk]);
    }
  }

  async *#readStored(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for await (const chunk of this.#stored as AsyncIterable<Buffer>) {
        this.positionBytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (this.#stop?.aborted !== true) throw error;
    }
  }

  async #next(): Promise<Buffer | undefined> {
    try {
      const result = await this.#chunks!.next();
      return result.done === true ? undefined : result.value;
    } catch (error) {
      this.#failure ??= error;
      return undefined;
    }
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    if (this.#first.length > 0) yield this.#first;
    for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) yield chunk;
    this.#requireSound();
  }

  #requireSound(): void {
    if (this.#failure === undefined) return;
    const { message } = this.#failure as Error;
    throw new PipelineError(
      'FILE_CORRUPT',
      `${this.name} cannot be read further than byte ${this.positionBytes}: ${message}.`,
    );
  }

  close(): void {
    this.#stop?.removeEventListener('abort', this.#onStop);
    // Standard input is not ours to destroy while a reader may come after us; it only must not keep the process.
    if (this.#path === standardInput) this.#stored.pause();
    else this.#stored.destroy();
  }
}

async function* joined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  if (first.length > 0) yield first;
  for (let result = await rest.next(); result.done !== true; result = await rest.next()) yield result.value;
}
