import { gzipSync } from 'node:zlib';
import { compressFrameSync } from 'lz4-napi';
import { Encoder } from '@toondepauw/node-zstd';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codecs, TooLargeError } from './compression.ts';
import { lz4Size, zstdSize } from './decompressed-size.ts';

const enough = 64 * 1024 * 1024;

describe.each(Object.entries(codecs))('%s', (_, codec) => {
  test('gives back what it was given, also when many buffers are compressed at the same time', async () => {
    const buffers = Array.from({ length: 64 }, (__, index) => Buffer.alloc(index * 5_000, `spanloom ${index} `));
    const compressed = await Promise.all(buffers.map((bytes) => codec.compress(bytes)));
    const again = await Promise.all(compressed.map((bytes) => codec.decompress(bytes, enough)));
    expect(again.every((bytes, index) => bytes.equals(buffers[index]!))).toBe(true);
    expect(compressed.at(-1)!.length).toBeLessThan(buffers.at(-1)!.length / 10);
  });

  test('damaged bytes are refused, not made up', async () => {
    await expect(codec.decompress(Buffer.from('not compressed at all'), enough)).rejects.toThrow();
  });

  test('a bomb is refused; what is just as large as allowed is not', async () => {
    const bytes = Buffer.alloc(8_000_000);
    const compressed = await codec.compress(bytes);
    expect(compressed.length).toBeLessThan(bytes.length / 200);
    await expect(codec.decompress(compressed, bytes.length - 1)).rejects.toThrow(TooLargeError);
    expect((await codec.decompress(compressed, bytes.length)).length).toBe(bytes.length);
  });

  test('frames behind one another count together', async () => {
    const one = await codec.compress(Buffer.alloc(1_000_000));
    await expect(codec.decompress(Buffer.concat([one, one, one]), 2_500_000)).rejects.toThrow(TooLargeError);
  });
});

/** A frame of zstd with its parts as they are given. */
const zstdFrame = (head: readonly number[], ...blocks: readonly (readonly number[])[]): Buffer =>
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...head, ...blocks.flat()]);
const block = (type: number, size: number, isLast: boolean, content: readonly number[]): number[] => {
  const head = size * 8 + type * 2 + (isLast ? 1 : 0);
  return [head & 255, (head >>> 8) & 255, head >>> 16, ...content];
};
const raw = 0;
const repeated = 1;

describe('frames of zstd', () => {
  const { decompress } = codecs.zstd;

  test('one that claims less than its blocks hold is bounded by its blocks', async () => {
    // Claims 5 bytes of content; 100 blocks of 100,000 zeros each.
    const lying = zstdFrame(
      [0x80, 0x60, 5, 0, 0, 0],
      ...Array.from({ length: 100 }, (_, index) => block(repeated, 100_000, index === 99, [0])),
    );
    expect(zstdSize(lying)).toEqual({ claimed: 5, most: 10_000_000 });
    await expect(decompress(lying, 1_000_000)).rejects.toThrow();
  });

  test('one that claims more than is allowed is refused by its claim', async () => {
    const boasting = zstdFrame([0xe0, 0, 0, 0, 0, 0, 1, 0, 0], block(raw, 1, true, [7]));
    await expect(decompress(boasting, enough)).rejects.toThrow(TooLargeError);
  });

  test('many small blocks without a claim are read when they are small, and ended when they are not', async () => {
    const small = zstdFrame(
      [0, 0x60],
      ...Array.from({ length: 1_000 }, (_, index) => block(raw, 3, index === 999, [1, 2, 3])),
    );
    expect((await decompress(small, 3_000)).length).toBe(3_000);
    await expect(decompress(small, 2_999)).rejects.toThrow(TooLargeError);
    // Compressed blocks do not say how large they are: each may be 128 KiB.
    const texts = Array.from({ length: 40 }, (_, index) =>
      new Encoder(1).encodeSync(Buffer.from(`message ${index} `.repeat(40))),
    );
    const flushed = Buffer.concat(texts);
    const size = texts.reduce((sum, _, index) => sum + `message ${index} `.length * 40, 0);
    expect(zstdSize(flushed).most).toBeGreaterThan(4 * 1024 * 1024);
    expect((await decompress(flushed, size)).length).toBe(size);
    await expect(decompress(flushed, size - 1)).rejects.toThrow(TooLargeError);
  });

  test('frames that decoders pass over are passed over', async () => {
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]);
    const bytes = Buffer.from('text '.repeat(100));
    const whole = Buffer.concat([skippable, await codecs.zstd.compress(bytes)]);
    expect((await decompress(whole, enough)).equals(bytes)).toBe(true);
  });
});

test('the bound of a size is never below it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), fc.integer({ min: 1, max: 60 }), async (bytes, repeats) => {
      const content = Buffer.concat(Array.from({ length: repeats }, () => Buffer.from(bytes)));
      expect(zstdSize(await codecs.zstd.compress(content)).most).toBeGreaterThanOrEqual(content.length);
      const lz4 = compressFrameSync(content);
      expect(lz4Size(lz4, enough).most).toBeGreaterThanOrEqual(content.length);
      // Where it matters the size is exact.
      expect(lz4Size(lz4, 0).most).toBe(content.length);
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('frames that are cut or mutated are errors of their own, never more than their bound', async () => {
  const whole = {
    zstd: await codecs.zstd.compress(Buffer.alloc(50_000, 'abc')),
    lz4: compressFrameSync(Buffer.alloc(50_000, 'abc')),
    gzip: gzipSync(Buffer.alloc(50_000, 'abc')),
  };
  const places = fc.sample(fc.tuple(fc.nat(), fc.nat(255), fc.nat()), { numRuns: 300, seed: 1 });
  for (const name of ['zstd', 'lz4', 'gzip'] as const)
    for (const [place, byte, cut] of places) {
      const bytes = Buffer.from(whole[name]);
      bytes[place % bytes.length] = byte;
      const result = await codecs[name]
        .decompress(cut % 2 === 0 ? bytes : bytes.subarray(0, cut % bytes.length), 60_000)
        .catch(() => undefined);
      expect(result === undefined || result.length <= 60_000).toBe(true);
    }
});
