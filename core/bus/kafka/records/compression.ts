import { promisify } from 'node:util';
import { gzip, unzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import kafkajs, { type CompressionTypes as KafkajsType } from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { Decoder, Encoder } from '@toondepauw/node-zstd';
import { lz4Size, zstdSize } from './decompressed-size.ts';

// A CommonJS module whose names Node.js does not all see from outside.
const { CompressionCodecs, CompressionTypes } = kafkajs;

/** Ways to compress batches on their way to Kafka and in it. */
export const compressions = ['none', 'gzip', 'lz4', 'zstd'] as const;
export type Compression = (typeof compressions)[number];

/** Compressed bytes that would become more than is allowed. Nothing more was made of them than that. */
export class TooLargeError extends Error {
  constructor(codec: string, compressedBytes: number, maxBytes: number) {
    super(`${compressedBytes} bytes of ${codec} become more than ${maxBytes}`);
    this.name = 'TooLargeError';
  }
}

/** Compresses and decompresses whole buffers. */
export interface Codec {
  readonly compress: (bytes: Buffer) => Promise<Buffer>;
  /**
   * @param maxBytes the result may have; what would become more is refused before it is made
   * @throws TooLargeError; any other error for bytes that are none of this codec
   */
  readonly decompress: (bytes: Buffer, maxBytes: number) => Promise<Buffer>;
}

/** On our values level 3 takes a third more CPU and saves nothing (bench/kafka-compression.ts). */
const zstdLevel = 1;
const zstdEncoder = new Encoder(zstdLevel);
const zstdDecoder = new Decoder();
const gzipWhole = promisify<Buffer, Buffer>(gzip);
const unzipWhole = promisify(unzip);

async function decompressZstd(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  const { claimed, most } = zstdSize(bytes);
  if (claimed > maxBytes) throw new TooLargeError('zstd', bytes.length, maxBytes);
  if (most <= maxBytes) return zstdDecoder.decode(bytes);
  // Many small blocks, whose heads do not say how small. It takes several times as long, but can be ended.
  return decompressPiecewise(bytes, maxBytes);
}

function decompressPiecewise(bytes: Buffer, maxBytes: number): Buffer {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const decompress = new Decompress((piece) => {
    size += piece.length;
    if (size > maxBytes) throw new TooLargeError('zstd', bytes.length, maxBytes);
    pieces.push(piece);
  });
  // In pieces, so that what comes of them is looked at in between.
  const step = 16 * 1024;
  for (let at = 0; at < bytes.length; at += step)
    decompress.push(new Uint8Array(bytes.subarray(at, at + step)), at + step >= bytes.length);
  return Buffer.concat(pieces);
}

async function decompressLz4(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  const { claimed, most } = lz4Size(bytes, maxBytes);
  if (claimed > maxBytes || most > maxBytes) throw new TooLargeError('lz4', bytes.length, maxBytes);
  return decompressFrame(bytes);
}

async function decompressGzip(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await unzipWhole(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new TooLargeError('gzip', bytes.length, maxBytes);
  }
}

/** All codecs; each bounds what it makes. */
export const codecs: Readonly<Record<Exclude<Compression, 'none'>, Codec>> = {
  gzip: { compress: (bytes) => gzipWhole(bytes), decompress: decompressGzip },
  lz4: { compress: (bytes) => compressFrame(bytes), decompress: decompressLz4 },
  zstd: { compress: (bytes) => zstdEncoder.encode(bytes), decompress: decompressZstd },
};

/** The number of each in Kafka's protocol. */
export const compressionTypes: Readonly<Record<Compression, KafkajsType>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

/** What a batch may become where nothing else is said. */
export const defaultMaxBytes = 64 * 1024 * 1024;

/** Makes kafkajs able to read and write all of them, also gzip, which its own codec does not bound. */
export function useCodecs(maxBytes = defaultMaxBytes): void {
  const numbers = { gzip: CompressionTypes.GZIP, lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD } as const;
  for (const name of ['gzip', 'lz4', 'zstd'] as const) {
    const codec = codecs[name];
    CompressionCodecs[numbers[name]] = () => ({
      compress: (encoder: { readonly buffer: Buffer }) => codec.compress(encoder.buffer),
      decompress: (bytes: Buffer) => codec.decompress(bytes, maxBytes),
    });
  }
}
