import { describe, expect, test } from 'vitest';
import { codecs } from './compression.ts';

describe.each(Object.entries(codecs))('%s', (_, codec) => {
  test('gives back what it was given, also when many buffers are compressed at the same time', async () => {
    const buffers = Array.from({ length: 64 }, (__, index) => Buffer.alloc(index * 5_000, `spanloom ${index} `));
    const compressed = await Promise.all(buffers.map((bytes) => codec.compress(bytes)));
    const again = await Promise.all(compressed.map((bytes) => codec.decompress(bytes)));
    expect(again.every((bytes, index) => bytes.equals(buffers[index]!))).toBe(true);
    expect(compressed.at(-1)!.length).toBeLessThan(buffers.at(-1)!.length / 10);
  });

  test('damaged bytes are refused, not made up', async () => {
    await expect(codec.decompress(Buffer.from('not compressed at all'))).rejects.toThrow();
  });
});
