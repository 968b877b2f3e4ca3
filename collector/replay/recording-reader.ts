/**
 * Reads recordings (Avro object container files of EventBatch), also damaged ones: everything that is readable is
 * yielded, then one error names the file and the first position where it was not. A block that is cut yields the batches
 * that are whole; after a damaged block reading continues at the next marker.
 */
import type { FileHandle } from 'node:fs/promises';
import { constants, inflateRawSync } from 'node:zlib';
import { PipelineError } from '../../core/errors.ts';
import { openInputFile } from '../../core/files/open-input-file.ts';
import { AvroDecodeError, AvroReader } from '../../schemas/avro-reader.ts';
import { schemaFingerprint } from '../../schemas/avro-fingerprint.ts';
import { parseSchemaJson } from '../../schemas/avro-schema.ts';
import { makeSkip, type Skip } from '../../schemas/avro-skip.ts';
import {
  beginsAsContainer,
  markerBytes,
  readHeader,
  readMarker,
  recordingCodecs,
  type ContainerHeader,
} from '../record/container-file.ts';

/** One batch of a recording. */
export interface RecordedBatch {
  /** As it was written, in the recording's schema. */
  readonly value: Buffer;
  /** Position in the file, in bytes, of the block it lies in. */
  readonly position: number;
}

/** What a recording says of itself. */
export interface RecordingFacts {
  readonly sizeBytes: number;
  /** Its schema, standing alone, as JSON. */
  readonly schemaText: string;
  readonly schemaFingerprint: string;
  readonly metadata: ContainerHeader['metadata'];
}

const chunkBytes = 1024 * 1024;
/** Count and size of a block, ten bytes each at most. */
const headBytes = 20;
const endsWithin = 'it ends within a block';
/** Larger blocks are taken for damage: recordings of ours have blocks of a few MiB. */
const maxBlockBytes = 64 * 1024 * 1024;

/** A recording that is open for reading, once. */
export class RecordingReader {
  readonly #path: string;
  readonly #window: FileWindow;
  readonly #marker: Uint8Array;
  readonly #isDeflated: boolean;
  readonly #skip: Skip;
  readonly facts: RecordingFacts;
  #damage: string | undefined;

  /** @throws PipelineError FILE_UNUSABLE when there is no such file, FILE_CORRUPT when it is no recording */
  static async open(path: string): Promise<RecordingReader> {
    const file = await openInputFile(path);
    try {
      const window = new FileWindow(file, (await file.stat()).size);
      return new RecordingReader(path, window, await readWhole(window, path));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(path: string, window: FileWindow, header: ContainerHeader) {
    this.#path = path;
    this.#window = window;
    this.#marker = header.marker;
    const text = (key: string): string => Buffer.from(header.metadata[key] ?? []).toString('utf8');
    const codec = text('avro.codec') || 'null';
    if (!recordingCodecs.some((known) => known === codec))
      throw noRecording(path, `its codec ${codec} is not one of ${recordingCodecs.join(', ')}`);
    this.#isDeflated = codec === 'deflate';
    const schemaText = text('avro.schema');
    try {
      const schema = parseSchemaJson(schemaText);
      if ((schema as { readonly name?: unknown }).name !== 'EventBatch') throw new TypeError('not EventBatch');
      this.#skip = makeSkip(schema);
      this.facts = {
        sizeBytes: window.sizeBytes,
        schemaText,
        schemaFingerprint: schemaFingerprint(schema),
        metadata: header.metadata,
      };
    } catch (error) {
      throw noRecording(path, `it holds no event batches (${(error as Error).message})`);
    }
  }

  /** Yields every batch that is readable, in order. @throws PipelineError FILE_CORRUPT, after the last one */
  async *batches(): AsyncGenerator<RecordedBatch, void, undefined> {
    while (this.#window.position < this.#window.sizeBytes) {
      const position = this.#window.position;
      const block = await this.#readBlock();
      yield* this.#batchesOf(block, position);
      if (block.isWhole) continue;
      this.#note(block.damage, block.damagedAt);
      if (!(await this.#recover(position, block.damagedAt + markerBytes))) break;
    }
    if (this.#damage !== undefined) throw new PipelineError('FILE_CORRUPT', this.#damage);
  }

  /** Finds where to go on: behind the damaged marker if a block begins there, else behind the next good one. */
  async #recover(blockStart: number, behindMarker: number): Promise<boolean> {
    this.#window.position = behindMarker;
    const { isWhole } = await this.#readBlock();
    this.#window.position = behindMarker;
    return isWhole || (await this.#window.seek(this.#marker, blockStart + 1));
  }

  async close(): Promise<void> {
    await this.#window.file.close();
  }

  #note(damage: string, position: number): void {
    this.#damage ??= corrupt(this.#path, damage, position).message;
  }

  async #readBlock(): Promise<Block> {
    const start = this.#window.position;
    const end = this.#window.sizeBytes;
    const head = new AvroReader(await this.#window.peek(headBytes));
    let count: number;
    let size: number;
    try {
      count = head.readLong();
      size = head.readLong();
      if (count < 0 || size < 0 || size > maxBlockBytes) head.fail('no block begins');
    } catch {
      const isCut = end - start < headBytes;
      const what = isCut ? { damage: endsWithin, damagedAt: end } : { damage: 'no block begins', damagedAt: start };
      return { isWhole: false, count: 0, data: Buffer.alloc(0), ...what };
    }
    const dataStart = start + head.position;
    const bytes = await this.#window.peek(head.position + size + markerBytes);
    const data = bytes.subarray(head.position, head.position + size);
    if (bytes.length < head.position + size + markerBytes)
      return { isWhole: false, count, data, damage: endsWithin, damagedAt: end };
    const marker = readMarker(new AvroReader(bytes, head.position + size));
    if (!marker.equals(this.#marker))
      return {
        isWhole: false,
        count,
        data,
        damage: 'a block does not end where it should',
        damagedAt: dataStart + size,
      };
    this.#window.position = dataStart + size + markerBytes;
    return { isWhole: true, count, data };
  }

  *#batchesOf(block: Block, position: number): Generator<RecordedBatch> {
    let data = block.data;
    if (this.#isDeflated && data.length > 0) {
      try {
        // Z_SYNC_FLUSH gives what there is of data that is cut.
        const flush = block.isWhole ? {} : { finishFlush: constants.Z_SYNC_FLUSH };
        data = inflateRawSync(data, { ...flush, maxOutputLength: maxBlockBytes });
      } catch (error) {
        this.#note(`a block cannot be decompressed (${(error as Error).message})`, position);
        return;
      }
    }
    const reader = new AvroReader(data);
    for (let index = 0; index < block.count; index++) {
      const start = reader.position;
      try {
        this.#skip(reader);
      } catch (error) {
        if (!(error instanceof AvroDecodeError)) throw error;
        // Of a cut block this is the cut, noted already.
        if (block.isWhole) this.#note('a block holds something else than event batches', position);
        return;
      }
      yield { value: data.subarray(start, reader.position), position };
    }
    if (block.isWhole && reader.position !== data.length) this.#note('a block holds more than its batches', position);
  }
}

type Block = { readonly count: number; readonly data: Buffer } & (
  { readonly isWhole: true } | { readonly isWhole: false; readonly damage: string; readonly damagedAt: number }
);

function corrupt(path: string, what: string, position: number): PipelineError {
  return new PipelineError('FILE_CORRUPT', `${path} is damaged at byte ${position}: ${what}.`);
}

function noRecording(path: string, why: string): PipelineError {
  return new PipelineError('FILE_CORRUPT', `${path} is no recording: ${why}.`);
}

async function readWhole(window: FileWindow, path: string): Promise<ContainerHeader> {
  if (window.sizeBytes === 0) throw noRecording(path, 'it is empty');
  // A header is a few KiB; one that is larger than this is none.
  const reader = new AvroReader(await window.peek(chunkBytes));
  if (!beginsAsContainer(reader.buffer)) throw noRecording(path, 'it is not an Avro container file');
  try {
    const header = readHeader(reader);
    window.position = reader.position;
    return header;
  } catch (error) {
    if (error instanceof AvroDecodeError)
      throw corrupt(path, error.message.replace(/ at byte \d+$/, ''), error.position);
    throw error;
  }
}

/** A part of a file in memory that moves forward. */
class FileWindow {
  readonly file: FileHandle;
  readonly sizeBytes: number;
  /** Where reading continues; bytes before it are no longer needed. */
  position = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(file: FileHandle, sizeBytes: number) {
    this.file = file;
    this.sizeBytes = sizeBytes;
  }

  /** The next `length` bytes, fewer at the end of the file. Valid for good: a later read takes a buffer of its own. */
  async peek(length: number): Promise<Buffer> {
    const end = Math.min(this.position + length, this.sizeBytes);
    if (this.position < this.#start || end > this.#start + this.#bytes.length) {
      const wanted = Math.min(Math.max(length, chunkBytes), this.sizeBytes - this.position);
      const bytes = Buffer.allocUnsafe(wanted);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await this.file.read(bytes, filled, wanted - filled, this.position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      this.#bytes = bytes.subarray(0, filled);
      this.#start = this.position;
    }
    const offset = this.position - this.#start;
    return this.#bytes.subarray(offset, offset + length);
  }

  /** Moves behind the next marker that begins at `from` or later; false when there is none. */
  async seek(marker: Uint8Array, from: number): Promise<boolean> {
    for (this.position = from; this.position < this.sizeBytes; this.position += chunkBytes - marker.length) {
      const found = (await this.peek(chunkBytes)).indexOf(marker);
      if (found < 0) continue;
      this.position += found + marker.length;
      return true;
    }
    return false;
  }
}
