/**
 * The spans of a trace, page by page. First comes an index: which versions of which spans, in the order of the tree, in a
 * few bytes each. Then each page reads exactly those versions, so all pages are of the moment of the index, although
 * nothing is held open between them. A later revision replaces versions only when parts merge; a version that was removed
 * then is an error, never a mixture.
 */
import { traceFromJson } from '../../schemas/trace-json.ts';
import type { Reader } from './read-limits.ts';
import { inTreeOrder } from './span-order.ts';
import { storedAddress } from './stored-address.ts';
import {
  type SpanIndexRow,
  spanIndexSql,
  spanNamesOf,
  spanRowsSql,
  type SpanVersion,
  type TraceRow,
} from './trace-sql.ts';
import { maxReadSpans, type NamedSpan, type OpenedTrace, TraceChangedError } from './trace-store.ts';

/** A page is at its end with this many spans, or with about this much JSON. */
const maxPageSpans = 256;
const maxPageBytes = 512 * 1024;
/** JSON of a span beside its texts: names of fields, numbers, tags. */
const spanBytes = 2_048;

type SpanRow = Readonly<Record<string, unknown>> & {
  readonly span_id: string;
  readonly process_name: string;
  readonly names: readonly string[];
  readonly nat: readonly Readonly<Record<'client_address' | 'server_address', string>>[];
  readonly tunnels: readonly Readonly<Record<'source' | 'destination', string>>[];
};

/** What a trace is known by besides its stored id. */
export interface KnownIds {
  readonly traceId: string;
  readonly alsoCarriedBy: readonly string[];
}

/** Opens the trace of this row. */
export async function openSpans(reader: Reader, row: TraceRow, ids: KnownIds): Promise<OpenedTrace> {
  const index = new SpanIndex(await reader.select<SpanIndexRow>(spanIndexSql(row, maxReadSpans)));
  const head = traceFromJson({ ...row, trace_id: ids.traceId, spans: [] });
  const { alsoCarriedBy } = ids;
  return { kind: 'found', head, storedTraceId: row.trace_id, alsoCarriedBy, pages: pagesOf(reader, row, index) };
}

async function* pagesOf(reader: Reader, row: TraceRow, index: SpanIndex): AsyncGenerator<readonly NamedSpan[]> {
  for (let start = 0; start < index.length;) {
    const end = index.endOfPage(start);
    yield await readPage(reader, row, index.versions(start, end));
    start = end;
  }
}

async function readPage(reader: Reader, row: TraceRow, versions: readonly SpanVersion[]): Promise<NamedSpan[]> {
  const rows = await reader.select<SpanRow>(spanRowsSql(row, versions));
  const byId = new Map(rows.map((span) => [span.span_id, span]));
  const ordered = versions.map(({ spanId }) => {
    const span = byId.get(spanId);
    if (span === undefined) throw new TraceChangedError(row.trace_id);
    return span;
  });
  const sided = ordered.map((span) => ({
    ...span,
    client: sideOf(span, 'client'),
    server: sideOf(span, 'server'),
    nat: withAddresses(span.nat, ['client_address', 'server_address']),
    tunnels: withAddresses(span.tunnels, ['source', 'destination']),
  }));
  const { spans } = traceFromJson({ ...row, spans: sided });
  return spans.map((span, at) => ({ span, names: spanNamesOf(ordered[at]!.names, ordered[at]!.process_name) }));
}

/** Which spans a trace has: 28 bytes each, since as many as there are readers are in memory. */
class SpanIndex {
  readonly length: number;
  readonly #ids: Buffer;
  readonly #startsNs: BigInt64Array;
  readonly #revisions: Float64Array;
  readonly #textBytes: Uint32Array;

  constructor(rows: readonly SpanIndexRow[]) {
    const ordered = inTreeOrder(rows.map((row) => ({ spanId: row.span_id, parentSpanId: row.parent_span_id, row })));
    this.length = ordered.length;
    this.#ids = Buffer.alloc(8 * this.length);
    this.#startsNs = new BigInt64Array(this.length);
    this.#revisions = new Float64Array(this.length);
    this.#textBytes = new Uint32Array(this.length);
    for (const [at, { row }] of ordered.entries()) {
      this.#ids.write(row.span_id, 8 * at, 'hex');
      this.#startsNs[at] = BigInt(row.start_time_ns);
      this.#revisions[at] = row.revision;
      this.#textBytes[at] = row.text_bytes;
    }
  }

  /** Where the page that begins here ends; it has one span at the least. */
  endOfPage(start: number): number {
    let bytes = 0;
    for (let at = start; at < this.length; at++) {
      bytes += spanBytes + this.#textBytes[at]!;
      if (at > start && (bytes > maxPageBytes || at - start === maxPageSpans)) return at;
    }
    return this.length;
  }

  versions(start: number, end: number): readonly SpanVersion[] {
    return Array.from({ length: end - start }, (_, at) => ({
      spanId: this.#ids.toString('hex', 8 * (start + at), 8 * (start + at + 1)),
      startTimeNs: this.#startsNs[start + at]!,
      revision: this.#revisions[start + at]!,
    }));
  }
}

/** The columns of one side under the names of the record. */
function sideOf(row: SpanRow, side: 'client' | 'server'): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row))
    if (name.startsWith(`${side}_`)) fields[name.slice(side.length + 1)] = value;
  fields['address'] = storedAddress(String(fields['address']));
  return fields;
}

/** Records of an array, with the addresses that they have under these names. */
function withAddresses<Name extends string>(
  records: readonly Readonly<Record<Name, string>>[],
  names: readonly Name[],
): readonly Readonly<Record<string, unknown>>[] {
  return records.map((record) => ({
    ...record,
    ...Object.fromEntries(names.map((name) => [name, storedAddress(record[name])])),
  }));
}
