/**
 * The spans of a trace, page by page. First comes an index: which versions of which spans, in the order of the tree, in a
 * few bytes each. Then each page reads exactly those versions, so all pages are of the moment of the index, although
 * nothing is held open between them. A later revision replaces versions only when parts merge; a version that was removed
 * then is an error, never a mixture.
 */
import { traceFromJson } from '../../schemas/trace-json.ts';
import type { SignalSource } from '../../schemas/generated/span.ts';
import type { Reader } from './read-limits.ts';
import { newReportBudget, readReported, type ReportBudget } from './read-reported.ts';
import { inTreeOrder } from './span-order.ts';
import { storedAddress } from './stored-address.ts';
import { type SpanIndexRow, spanIndexSql, spanRowsSql, type SpanVersion, type TraceRow } from './trace-sql.ts';
import { readSpanNames, type TaggedRow } from './span-names.ts';
import { maxReadSpans, type NamedSpan, type OpenedTrace, TraceChangedError } from './trace-store.ts';

/** A span has some kilobytes of JSON: dissectors cut its texts. */
const maxPageSpans = 256;

type SpanRow = TaggedRow & {
  readonly span_id: string;
  readonly start_time_ns: string;
  readonly signal_source: SignalSource;
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
  const budget = newReportBudget();
  for (let start = 0; start < index.length;) {
    const end = Math.min(start + maxPageSpans, index.length);
    yield await readPage(reader, row, index.versions(start, end), budget);
    start = end;
  }
}

/** These versions of spans with the names that go with them. @throws TraceChangedError when one was replaced */
export async function readPage(
  reader: Reader,
  row: TraceRow,
  versions: readonly SpanVersion[],
  budget: ReportBudget = newReportBudget(),
): Promise<NamedSpan[]> {
  const rows = await reader.select<SpanRow>(spanRowsSql(row, versions));
  const byId = new Map(rows.map((span) => [span.span_id, span]));
  const ordered = versions.map(({ spanId }) => {
    const span = byId.get(spanId);
    if (span === undefined) throw new TraceChangedError(row.trace_id);
    return span;
  });
  const reported = await readReported(reader, ordered, budget);
  const sided = ordered.map((span) => ({
    ...span,
    otlp: reported.get(span.span_id) ?? '',
    client: sideOf(span, 'client'),
    server: sideOf(span, 'server'),
    nat: withAddresses(span.nat, ['client_address', 'server_address']),
    tunnels: withAddresses(span.tunnels, ['source', 'destination']),
  }));
  const { spans } = traceFromJson({ ...row, spans: sided });
  const names = await readSpanNames(reader, ordered);
  return spans.map((span, at) => ({ span, names: names[at]! }));
}

/** Which spans a trace has: 24 bytes each, since as many as there are readers are in memory. */
class SpanIndex {
  readonly length: number;
  readonly #ids: Buffer;
  readonly #startsNs: BigInt64Array;
  readonly #revisions: Float64Array;

  constructor(rows: readonly SpanIndexRow[]) {
    const ordered = inTreeOrder(rows.map((row) => ({ spanId: row.span_id, parentSpanId: row.parent_span_id, row })));
    this.length = ordered.length;
    this.#ids = Buffer.alloc(8 * this.length);
    this.#startsNs = new BigInt64Array(this.length);
    this.#revisions = new Float64Array(this.length);
    for (const [at, { row }] of ordered.entries()) {
      this.#ids.write(row.span_id, 8 * at, 'hex');
      this.#startsNs[at] = BigInt(row.start_time_ns);
      this.#revisions[at] = row.revision;
    }
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
