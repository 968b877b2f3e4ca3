/** kafkajs brings gzip only; spanloom may be set to any of these. */
import { Decoder, Encoder } from '@toondepauw/node-zstd';
import kafkajs from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';

type Convert = (bytes: Buffer) => Promise<Buffer>;

function codec(compress: Convert, decompress: Convert) {
  return () => ({ compress: ({ buffer }: { readonly buffer: Buffer }) => compress(buffer), decompress });
}

/** Makes kafkajs able to read LZ4 and Zstandard. */
export function useCompression(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const [encoder, decoder] = [new Encoder(3), new Decoder()];
  CompressionCodecs[CompressionTypes.LZ4] = codec(compressFrame, decompressFrame);
  CompressionCodecs[CompressionTypes.ZSTD] = codec(
    (bytes) => encoder.encode(bytes),
    (bytes) => decoder.decode(bytes),
  );
}
