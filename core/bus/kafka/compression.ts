import kafkajs, { type CompressionTypes as KafkajsType } from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { Decoder, Encoder } from '@toondepauw/node-zstd';

// A CommonJS module whose names Node.js does not all see from outside.
const { CompressionCodecs, CompressionTypes } = kafkajs;

/** Ways to compress batches on their way to Kafka and in it. */
export const compressions = ['none', 'gzip', 'lz4', 'zstd'] as const;
export type Compression = (typeof compressions)[number];

/** Compresses and decompresses whole buffers. */
export interface Codec {
  readonly compress: (bytes: Buffer) => Promise<Buffer>;
  readonly decompress: (bytes: Buffer) => Promise<Buffer>;
}

/** On our values level 3 takes a third more CPU and saves nothing (bench/kafka-compression.ts). */
const zstdLevel = 1;
const zstdEncoder = new Encoder(zstdLevel);
const zstdDecoder = new Decoder();

/** Codecs that kafkajs does not bring itself. */
export const codecs: Readonly<Record<'lz4' | 'zstd', Codec>> = {
  lz4: { compress: (bytes) => compressFrame(bytes), decompress: (bytes) => decompressFrame(bytes) },
  zstd: { compress: (bytes) => zstdEncoder.encode(bytes), decompress: (bytes) => zstdDecoder.decode(bytes) },
};

/** The number of each in Kafka's protocol. */
export const compressionTypes: Readonly<Record<Compression, KafkajsType>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

/** Makes kafkajs able to read and write all of them. */
export function useCodecs(): void {
  const numbers = { lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD } as const;
  for (const name of ['lz4', 'zstd'] as const) {
    const codec = codecs[name];
    CompressionCodecs[numbers[name]] = () => ({
      compress: (encoder: { readonly buffer: Buffer }) => codec.compress(encoder.buffer),
      decompress: (bytes: Buffer) => codec.decompress(bytes),
    });
  }
}
