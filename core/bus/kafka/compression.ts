import kafkajs, { type CompressionTypes as KafkajsType } from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { compress as compressSnappy, uncompress as uncompressSnappy } from 'snappy';
import { Decoder, Encoder } from '@toondepauw/node-zstd';

// A CommonJS module whose names Node.js does not all see from outside.
const { CompressionCodecs, CompressionTypes } = kafkajs;

/** Ways to compress batches on their way to Kafka and in it. */
export const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof compressions)[number];

/** Compresses and decompresses whole buffers. */
export interface Codec {
  readonly compress: (bytes: Buffer) => Promise<Buffer>;
  readonly decompress: (bytes: Buffer) => Promise<Buffer>;
}

const zstdLevel = 3;
const zstdEncoder = new Encoder(zstdLevel);
const zstdDecoder = new Decoder();

/** Codecs that kafkajs does not bring itself. */
export const codecs: Readonly<Record<'snappy' | 'lz4' | 'zstd', Codec>> = {
  snappy: {
    compress: (bytes) => compressSnappy(bytes),
    decompress: (bytes) => uncompressSnappy(bytes, { asBuffer: true }) as Promise<Buffer>,
  },
  lz4: { compress: (bytes) => compressFrame(bytes), decompress: (bytes) => decompressFrame(bytes) },
  zstd: { compress: (bytes) => zstdEncoder.encode(bytes), decompress: (bytes) => zstdDecoder.decode(bytes) },
};

/** The number of each in Kafka's protocol. */
export const compressionTypes: Readonly<Record<Compression, KafkajsType>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

/** Makes kafkajs able to read and write all of them. */
export function useCodecs(): void {
  const numbers = { snappy: CompressionTypes.Snappy, lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD } as const;
  for (const name of ['snappy', 'lz4', 'zstd'] as const) {
    const codec = codecs[name];
    CompressionCodecs[numbers[name]] = () => ({
      compress: (encoder: { readonly buffer: Buffer }) => codec.compress(encoder.buffer),
      decompress: (bytes: Buffer) => codec.decompress(bytes),
    });
  }
}
