import { describe, expect, it } from 'vitest';
import { outlineText } from '../../../api/outline-text.ts';
import type { OutlinePageJson } from '../../../api/trace-outline-json.ts';
import { readOutline } from './read-outline.ts';
import { parseSpanIds, positionOf, positionsOf, spanIdAt } from './span-ids.ts';
import { outlineOf, testId } from './testing/outline-of.ts';
import { testSpan } from './testing/a-trace-model.ts';
import { TextList } from './text-list.ts';

const head = { trace_id: 'abc', stored_trace_id: 'def', also_carried_by: ['u'], revision: 3 };

async function answerOf(pages: readonly OutlinePageJson[], leftOut = 0): Promise<string> {
  const left = [...pages];
  const next = (): Promise<IteratorResult<OutlinePageJson, { readonly leftOut: number }>> => {
    const value = left.shift();
    return Promise.resolve(value === undefined ? { done: true, value: { leftOut } } : { done: false, value });
  };
  let text = '';
  for await (const piece of outlineText(head, await next(), next)) text += piece;
  return text;
}

async function* pieces(text: string, length: number): AsyncGenerator<string> {
  await Promise.resolve();
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

const tricky = 'quote " and },\n{"span_ids":"x" <script>alert(1)</script> \u{1f600}';
const pages = Array.from({ length: 3 }, (_, page) =>
  outlineOf(
    Array.from({ length: 400 }, (__, at) => {
      const number = page * 400 + at;
      return testSpan({
        id: number.toString(16).padStart(16, '0'),
        parent: number === 0 ? '' : '0'.padStart(16, '0'),
        ms: [number, number + 1],
        endpoint: number % 7 === 0 ? tricky : `/${number % 13}`,
        request_type: 'GET',
        client: { address: '10.0.0.1', port: 5 },
        server_service_name: '',
        server: { address: number % 2 === 0 ? '::1' : '10.0.0.2', port: 80 },
        response_code: 200,
      });
    }),
  ),
);

describe('the outline of a trace', () => {
  it('is JSON as a whole, and the same however it is cut into pieces', async () => {
    const answer = await answerOf(pages, 7);
    expect(JSON.parse(answer)).toMatchObject({ ...head, left_out: 7 });
    for (const length of [answer.length, 100, 1_003]) {
      const seen: number[] = [];
      const read = await readOutline(pieces(answer, length), (count) => seen.push(count));
      expect(read.head).toEqual({ ...head, left_out: 7 });
      expect(seen).toEqual([400, 800, 1_200]);
      const { columns } = read;
      const text = (column: Uint32Array, at: number): string => columns.texts[column[at]!]!;
      expect(columns.count).toBe(1_200);
      expect(spanIdAt(columns.ids, 1_199)).toBe('00000000000004af');
      expect([text(columns.operation, 0), text(columns.operation, 1_199)]).toEqual([`GET ${tricky}`, 'GET /3']);
      expect([text(columns.server, 0), text(columns.server, 1)]).toEqual(['[::1]:80', '10.0.0.2:80']);
      expect(text(columns.client, 1_000)).toBe('10.0.0.1');
      expect(columns.startNs[1_199]! - columns.startNs[0]!).toBe(1_199_000_000n);
      expect(columns.code[800]).toBe(200);
    }
  });

  it('without spans has none', async () => {
    const { columns } = await readOutline(pieces(await answerOf([]), 5));
    expect(columns.count).toBe(0);
  });

  it('that is cut anywhere is refused, not shown in part', async () => {
    const short = await answerOf([outlineOf([testSpan({ id: 'a', ms: [0, 1] })])]);
    for (let length = 0; length < short.length; length++)
      await expect(readOutline(pieces(short.slice(0, length), 100)), String(length)).rejects.toThrow(SyntaxError);
  });

  it('that lacks columns has empty texts and 0 there', async () => {
    const page = outlineOf([testSpan({ id: 'a', ms: [0, 1] }), testSpan({ id: 'b', ms: [1, 2] })]);
    const { columns } = await readOutline(
      pieces(
        await answerOf([{ ...page, duration_ns: [], endpoint: { texts: [], numbers: [9] }, parent_span_ids: '' }]),
        50,
      ),
    );
    expect([...columns.durationNs]).toEqual([0, 0]);
    expect(columns.texts[columns.operation[1]!]).toBe('');
  });

  it('of more spans than are read says how many are left out', async () => {
    const many = { ...outlineOf([testSpan({ id: 'a', ms: [0, 1] })]), span_ids: testId('a').repeat(200_000) };
    const read = await readOutline(pieces(await answerOf([many, many], 5), 1_000_000));
    expect(read.columns.count).toBe(200_000);
    expect(read.head.left_out).toBe(200_005);
  });
});

it('ids are found by their 64 bits, the first of equal ones', () => {
  const texts = ['00000000000000ff', 'ffffffff00000000', '00000000ffffffff', '00000000000000ff'];
  const ids = parseSpanIds(texts.join(''));
  expect(texts.map((_, at) => spanIdAt(ids, at))).toEqual(texts);
  expect(positionOf(ids, '00000000000000ff')).toBe(0);
  expect(positionOf(ids, 'ff')).toBe(-1);
  expect([...positionsOf(parseSpanIds(`${texts[2]}${'1'.repeat(16)}${texts[3]}`), ids)]).toEqual([2, -1, 0]);
});

it('texts beyond the bound are left out', () => {
  const list = new TextList(10);
  expect(['12345', '67890', 'more', '12345'].map((text) => list.texts[list.numberOf(text)])).toEqual([
    '12345',
    '67890',
    '…',
    '12345',
  ]);
  expect(list.isCut).toBe(true);
});
