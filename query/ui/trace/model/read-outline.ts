/** Reads the answer of /api/traces/:id/outline while it comes: each line is one page, which is parsed and becomes columns at once. */
import { maxOutlineSpans } from '../../../api/trace-outline-columns.ts';
import type { OutlinePageJson, TraceOutlineJson } from '../../../api/trace-outline-json.ts';
import { SpanCollector, type SpanColumns } from './span-columns.ts';

/** What the answer says of the whole trace. */
export type TraceHead = Omit<TraceOutlineJson, 'pages'>;

/** A trace that was read. */
export interface ReadOutline {
  readonly head: TraceHead;
  readonly columns: SpanColumns;
}

/** A page of 25,000 spans has about 2 million characters. */
const maxLineLength = 64_000_000;

/** @param pieces of the answer's text @throws SyntaxError when the answer is cut, or no outline */
export async function readOutline(
  pieces: AsyncIterable<string>,
  onProgress: (spans: number) => void = () => undefined,
): Promise<ReadOutline> {
  const collector = new SpanCollector();
  let beyond = 0;
  let [first, last] = ['', ''];
  for await (const line of linesOf(pieces)) {
    if (first === '') first = line;
    else if (line.startsWith('{')) {
      const page = JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line) as OutlinePageJson;
      const count = page.span_ids.length / 16;
      if (collector.count + count > maxOutlineSpans) beyond += count;
      else collector.add(page);
      onProgress(collector.count);
    } else last = line;
  }
  const head = JSON.parse(first + last) as TraceOutlineJson;
  const { trace_id: id, stored_trace_id: storedId, also_carried_by: others, revision, left_out: leftOut } = head;
  return {
    head: { trace_id: id, stored_trace_id: storedId, also_carried_by: others, revision, left_out: leftOut + beyond },
    columns: collector.columns(),
  };
}

async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let pending = '';
  for await (const piece of pieces) {
    const lines = piece.split('\n');
    lines[0] = pending + lines[0]!;
    pending = lines.pop()!;
    if (pending.length > maxLineLength) throw new SyntaxError('a line of the answer is too long');
    yield* lines.filter((line) => line !== '');
  }
  if (pending !== '') yield pending;
}
