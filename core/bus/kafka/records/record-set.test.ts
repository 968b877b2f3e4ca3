import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codecs } from './compression.ts';
import { receivedMessage } from './received-message.ts';
import { type FetchedRecord, readRecordSet } from './record-set.ts';
import { type RawBatch, rawBatch, type RawRecord, rawRecord, varint } from './testing/raw-batch.ts';

const maxBytes = 4 * 1024 * 1024;
const read = (...batches: readonly Buffer[]): Promise<FetchedRecord[]> =>
  readRecordSet(Buffer.concat(batches), { bytes: 0 }, maxBytes);
const good = (firstOffset: bigint): Buffer => rawBatch({ records: rawRecord({ value: 'good' }), firstOffset });
const records = (...all: readonly RawRecord[]): Buffer =>
  Buffer.concat(all.map((record, index) => rawRecord({ offsetDelta: index, ...record })));
const attributes = { gzip: 1, lz4: 3, zstd: 4 } as const;

describe('a batch that can be read', () => {
  test('gives its records with all they hold', async () => {
    const batch = rawBatch({
      records: records(
        { key: null, value: null },
        {
          headers: [
            ['a', '1'],
            ['a', '2'],
            ['n', null],
            ['__proto__', 'x'],
          ],
        },
      ),
      count: 2,
      firstOffset: 70n,
      firstTimestamp: 5n,
    });
    const messages = (await read(batch)).map((record) => receivedMessage({ topic: 't', partition: 1 }, record));
    expect(messages).toEqual([
      { topic: 't', partition: 1, offset: 70, timestampMs: 5, key: '', value: Buffer.alloc(0), headers: {} },
      {
        topic: 't',
        partition: 1,
        offset: 71,
        timestampMs: 5,
        key: 'k',
        value: Buffer.from('v'),
        headers: Object.fromEntries([
          ['a', '2'],
          ['n', ''],
          ['__proto__', 'x'],
        ]),
      },
    ]);
  });

  test.each(['gzip', 'lz4', 'zstd'] as const)('is decompressed by %s', async (name) => {
    const compressed = await codecs[name].compress(records({ value: 'a' }, { value: 'b' }));
    const found = await read(rawBatch({ records: compressed, count: 2, attributes: attributes[name] }));
    expect(found.map(({ value }) => value?.toString())).toEqual(['a', 'b']);
  });

  test('may be cut at the end of a fetch, and is left for the next one', async () => {
    const whole = good(1n);
    for (const length of [0, 5, 16, 17, 60, whole.length - 1])
      expect(await read(good(0n), whole.subarray(0, length))).toHaveLength(1);
  });

  test('is left for the next fetch when those before it take all there is', async () => {
    const large = (offset: bigint): Buffer =>
      rawBatch({ records: rawRecord({ value: Buffer.alloc(3_000_000) }), firstOffset: offset });
    expect((await read(large(0n), large(1n), large(2n))).map(({ offset }) => offset)).toEqual(['0', '1']);
    expect(await readRecordSet(large(0n), { bytes: maxBytes }, maxBytes)).toEqual([]);
  });

  test('without records, as compaction leaves it, is passed over', async () => {
    const [record] = await read(rawBatch({ records: Buffer.alloc(0), count: 0, lastOffsetDelta: 8, firstOffset: 4n }));
    expect(record).toMatchObject({ offset: '12', isControlRecord: true });
  });
});

describe('a batch made to hurt is refused by its position, and those around it are read:', () => {
  const refused: [string, () => RawBatch | Promise<RawBatch>, 'too_large' | 'undecodable', RegExp][] = [
    ...(['gzip', 'lz4', 'zstd'] as const).map((name): [string, () => Promise<RawBatch>, 'too_large', RegExp] => [
      `a bomb of ${name}`,
      async () => ({
        records: await codecs[name].compress(rawRecord({ value: Buffer.alloc(20_000_000) })),
        attributes: attributes[name],
      }),
      'too_large',
      /become more than/,
    ]),
    ['snappy', () => ({ records: Buffer.from('anything'), attributes: 2 }), 'undecodable', /snappy is not supported/],
    ['a compression of no name', () => ({ records: records({}), attributes: 7 }), 'undecodable', /not supported/],
    ['10^9 records', () => ({ records: records({}), count: 1_000_000_000 }), 'too_large', /records/],
    [
      'a negative count of records',
      () => ({ records: records({}), count: -5, lastOffsetDelta: 0 }),
      'undecodable',
      /negative/,
    ],
    ['more records than bytes', () => ({ records: records({}), count: 9 }), 'undecodable', /more records than bytes/],
    [
      '100,000 headers',
      () => ({ records: records({ headers: Array.from({ length: 100_000 }, () => ['', null] as const) }) }),
      'undecodable',
      /100000 headers/,
    ],
    ['headers that are not there', () => ({ records: records({ headerCount: 900 }) }), 'undecodable', /beyond the end/],
    ['a negative count of headers', () => ({ records: records({ headerCount: -1 }) }), 'undecodable', /headers/],
    [
      'a record longer than the batch',
      () => ({ records: Buffer.concat([varint(1_000_000), Buffer.alloc(20)]) }),
      'undecodable',
      /beyond the end/,
    ],
    ['a number without end', () => ({ records: Buffer.alloc(30, 0xff) }), 'undecodable', /five bytes/],
    ['damage', () => ({ records: Buffer.from('not compressed at all'), attributes: 4 }), 'undecodable', /./],
  ];
  test.each(refused)('%s', async (_, make, reason, detail) => {
    const bad = rawBatch({ firstOffset: 1n, lastOffsetDelta: 2, ...(await make()) });
    const [before, mark, after, ...rest] = await read(good(0n), bad, good(4n));
    expect([before?.value?.toString(), after?.value?.toString(), rest.length]).toEqual(['good', 'good', 0]);
    const message = receivedMessage({ topic: 't', partition: 0 }, mark!);
    expect(message.refused).toMatchObject({ reason, firstOffset: 1 });
    expect(message.refused!.detail).toMatch(detail);
    expect(message.offset).toBeGreaterThanOrEqual(1);
    // The bytes of a small batch are kept.
    expect(message.value.equals(bad.length <= 65_536 ? bad : Buffer.alloc(0))).toBe(true);
  });

  test('mutated and cut batches give records or one refusal each', async () => {
    const compressed = await codecs.zstd.compress(records({ value: 'a'.repeat(500), headers: [['h', 'x']] }, {}));
    const whole = rawBatch({ records: compressed, count: 2, attributes: 4 });
    const plain = rawBatch({ records: records({ headers: [['h', 'x']] }, {}), count: 2 });
    // Not in the offset, the length and the magic byte: those are the broker's.
    const places = fc.sample(fc.tuple(fc.boolean(), fc.nat(), fc.nat(255)), { numRuns: 2_000, seed: 1 });
    for (const [isPlain, place, byte] of places) {
      const bytes = Buffer.from(isPlain ? plain : whole);
      bytes[21 + (place % (bytes.length - 21))] = byte;
      const found = await read(bytes, good(9n));
      expect(found.at(-1)!.value?.toString()).toBe('good');
      expect(found.length).toBeLessThan(10);
    }
  });
});
