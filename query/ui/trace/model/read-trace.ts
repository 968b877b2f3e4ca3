/**
 * Reads the answer of /api/traces/:id while it comes. The text of each piece is parsed at once and kept, so that a span's fields can
 * be looked at later without objects for all of them. Between two spans the text has `},{"` and the first name of a span; within a text
 * of JSON the quotes would have backslashes, and no list inside a span begins with that name.
 */
import { SpanCollector, type SpanColumns } from './span-columns.ts';
import type { SpanJson, TraceHeadJson } from './span-json.ts';

/** A trace that was read. */
export interface ReadTrace {
  readonly head: TraceHeadJson;
  readonly columns: SpanColumns;
  /** All fields of one span. */
  readonly spanAt: (position: number) => SpanJson;
}

const opening = '"spans":[';
/** What is parsed at a time, in characters. */
const pieceLength = 1_000_000;

/** @param pieces of the answer's text @throws SyntaxError when the answer is cut or no JSON */
export async function readTrace(
  pieces: AsyncIterable<string>,
  onProgress: (spans: number) => void = () => undefined,
): Promise<ReadTrace> {
  const reader = new TraceReader(onProgress);
  for await (const piece of pieces) reader.add(piece);
  return reader.end();
}

class TraceReader {
  readonly #collector = new SpanCollector();
  readonly #onProgress: (spans: number) => void;
  /** Lists of spans as JSON, and how many spans are before each. */
  readonly #lists: { readonly json: string; readonly before: number }[] = [];
  #count = 0;
  #pending: string[] = [];
  #pendingLength = 0;
  #head: string | undefined;
  #separator = '';

  constructor(onProgress: (spans: number) => void) {
    this.#onProgress = onProgress;
  }

  add(piece: string): void {
    this.#pending.push(piece);
    this.#pendingLength += piece.length;
    if (this.#pendingLength < pieceLength) return;
    const text = this.#withoutHead(this.#pending.join(''));
    const at = this.#separator === '' ? -1 : text.lastIndexOf(this.#separator);
    if (at !== -1) this.#take(`[${text.slice(0, at + 1)}]`);
    const rest = at === -1 ? text : text.slice(at + 2);
    this.#pending = [rest];
    // What is not one span yet is looked at again when as much has come once more.
    this.#pendingLength = at === -1 ? 0 : rest.length;
  }

  end(): ReadTrace {
    const text = this.#withoutHead(this.#pending.join(''));
    if (this.#head === undefined) throw new SyntaxError('the answer has no spans');
    const after = text.lastIndexOf(']');
    if (after === -1) throw new SyntaxError('the answer is cut');
    const head = JSON.parse(`${this.#head}${text.slice(after)}`) as TraceHeadJson;
    this.#take(`[${text.slice(0, after)}]`);
    return { head, columns: this.#collector.columns(), spanAt: (position) => this.#spanAt(position) };
  }

  #withoutHead(text: string): string {
    if (this.#head !== undefined) return text;
    const at = text.indexOf(opening);
    if (at === -1) return text;
    this.#head = text.slice(0, at + opening.length);
    const rest = text.slice(this.#head.length);
    const name = /^\{("[^"\\]+":)/.exec(rest)?.[1];
    this.#separator = name === undefined ? '' : `},{${name}`;
    return rest;
  }

  #take(json: string): void {
    const spans = JSON.parse(json) as readonly Partial<SpanJson>[];
    if (spans.length === 0) return;
    this.#lists.push({ json, before: this.#count });
    for (const span of spans) this.#collector.add(span);
    this.#count += spans.length;
    this.#onProgress(this.#count);
  }

  #spanAt(position: number): SpanJson {
    const list = this.#lists.findLast(({ before }) => before <= position)!;
    return (JSON.parse(list.json) as readonly SpanJson[])[position - list.before]!;
  }
}
