import { expect, it } from 'vitest';
import { readTrace } from './read-trace.ts';
import { testSpan } from './testing/a-trace-model.ts';

async function* pieces(text: string, length: number): AsyncGenerator<string> {
  await Promise.resolve();
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

const tricky = 'quote " and },{"parent_span_id":"x" <script>alert(1)</script> \u{1f600}';
const spans = Array.from({ length: 3_000 }, (_, number) => {
  const { parent_span_id: parent, ...span } = testSpan({
    id: String(number),
    parent: number === 0 ? '' : '0',
    ms: [number, number + 1],
    endpoint: number % 7 === 0 ? tricky : '/x',
    request_resource: 'r'.repeat(number % 900),
    causes: [{ kind: 'request', span_id: '1', rule: 'time', confidence: 1, learned: true }],
  });
  return { parent_span_id: parent, ...span };
});
const answer = JSON.stringify({ trace_id: 'abc', revision: 3, spans });

it('a trace is the same however its answer is cut into pieces, and each span can be had whole', async () => {
  expect(answer.length).toBeGreaterThan(2_000_000);
  for (const length of [answer.length, 65_536, 1_000_003]) {
    const seen: number[] = [];
    const { head, columns, spanAt } = await readTrace(pieces(answer, length), (count) => seen.push(count));
    expect(head).toMatchObject({ trace_id: 'abc', revision: 3, spans: [] });
    expect(columns.ids).toEqual(spans.map((span) => span.span_id));
    expect(columns.texts).toContain(tricky);
    for (const position of [0, 1, 7, 1_499, 2_999]) expect(spanAt(position)).toEqual(spans[position]);
    expect(seen.at(-1)).toBe(3_000);
  }
});

it('spans before other fields are read, too, and a trace without spans', async () => {
  const after = `{"spans":[${JSON.stringify(spans[0])}],"trace_id":"t","also_carried_by":["u"]}`;
  expect((await readTrace(pieces('{"trace_id":"t","spans":[]}', 5))).columns.count).toBe(0);
  const read = await readTrace(pieces(after.replace(',"also_carried_by":["u"]', ''), 64));
  expect(read.head.trace_id).toBe('t');
});

it('an answer that is cut anywhere is refused, not shown in part', async () => {
  const short = JSON.stringify({ trace_id: 'abc', spans: spans.slice(0, 3) });
  for (let length = 0; length < short.length; length++)
    await expect(readTrace(pieces(short.slice(0, length), 100)), String(length)).rejects.toThrow(SyntaxError);
});
