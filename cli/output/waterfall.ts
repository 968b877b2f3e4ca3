/** Draws one trace: a line for each span, indented under its parent, with a bar for when it ran. */
import { formatDuration } from './duration.ts';
import { fitted, printable } from './printable.ts';
import type { Color, Paint } from './style.ts';
import { renderTable, type Cell, type Column } from './table.ts';

/** What the waterfall shows of a span. */
export interface WaterfallSpan {
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly service: string;
  /** Empty where it is in none. */
  readonly workload: string;
  readonly pod: string;
  readonly observationPoint: string;
  readonly protocol: string;
  /** Method and endpoint. */
  readonly endpoint: string;
  readonly status: string;
  /** The protocol's code; 0 where there is none. */
  readonly responseCode: number;
  readonly startTimeNs: bigint;
  readonly durationNs: number;
  readonly reason: string;
  readonly confidence: number;
  /** It is of another trace, and only likely part of this one. */
  readonly isLikely: boolean;
  /** More of it, in lines below its own: what stands in one part stays together where there is room. */
  readonly note?: readonly string[];
}

/** What the waterfall shows of a trace. */
export interface WaterfallTrace {
  readonly traceId: string;
  readonly startTimeNs: bigint;
  readonly durationNs: number;
  readonly spans: readonly WaterfallSpan[];
}

interface Row {
  readonly span: WaterfallSpan;
  /** The branches drawn before the service. */
  readonly prefix: string;
  /** Those drawn before what is below the span. */
  readonly below: string;
}

/** From this many levels on, indenting each one would leave no room for what stands in the line. */
const deepLevels = 13;

/**
 * Spans in the order of the tree, siblings by start. Spans whose parent is absent or a cycle stand as roots. In a deep tree a span
 * that is the only child of an only child stands below its parent, without a branch of its own.
 */
function rowsOf(spans: readonly WaterfallSpan[]): readonly Row[] {
  const ids = new Set(spans.map((span) => span.spanId));
  const children = new Map<string, WaterfallSpan[]>();
  const sorted = spans.toSorted(
    (left, right) => Number(left.startTimeNs - right.startTimeNs) || (left.spanId < right.spanId ? -1 : 1),
  );
  for (const span of sorted) {
    const parent = ids.has(span.parentSpanId) ? span.parentSpanId : '';
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const rows: Row[] = [];
  const isDeep = levelsOf(children) >= deepLevels;
  const seen = new Set<string>();
  const walk = (span: WaterfallSpan, own: string, below: string): void => {
    if (seen.has(span.spanId)) return;
    seen.add(span.spanId);
    const ofSpan = children.get(span.spanId) ?? [];
    const isChain = isDeep && ofSpan.length === 1 && below !== '';
    rows.push({ span, prefix: own, below: isChain || ofSpan.length === 0 ? below : `${below}│ ` });
    ofSpan.forEach((child, index) => {
      const last = index === ofSpan.length - 1;
      if (isChain) walk(child, below, below);
      else walk(child, `${below}${last ? '└ ' : '├ '}`, `${below}${last ? '  ' : '│ '}`);
    });
  };
  for (const span of children.get('') ?? []) walk(span, '', '');
  for (const span of sorted) walk(span, '', '');
  return rows;
}

/** Levels of the tree, as far as it begins at a root. */
function levelsOf(children: ReadonlyMap<string, readonly WaterfallSpan[]>): number {
  const reached = new Set<string>();
  let levels = 0;
  let level = children.get('') ?? [];
  for (; level.length > 0; levels++) {
    const further = level.filter(({ spanId }) => !reached.has(spanId));
    for (const { spanId } of further) reached.add(spanId);
    level = further.flatMap(({ spanId }) => children.get(spanId) ?? []);
  }
  return levels;
}

const partialBlocks = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** The bar of a span in a timeline of `width` characters; at least a sliver, so that no span is invisible. */
export function bar(offsetNs: number, durationNs: number, totalNs: number, width: number): string {
  const scale = totalNs > 0 ? width / totalNs : 0;
  const start = Math.min(Math.max(0, Math.floor(offsetNs * scale)), width - 1);
  const eighths = Math.round((Math.max(0, offsetNs) + durationNs) * scale * 8) - start * 8;
  const length = Math.min(Math.max(1, eighths), (width - start) * 8);
  return ' '.repeat(start) + '█'.repeat(Math.floor(length / 8)) + partialBlocks[length % 8]!;
}

const serviceColors: readonly Color[] = ['cyan', 'green', 'magenta', 'blue', 'yellow'];

function statusColor(status: string): Color | undefined {
  if (status === 'ok') return 'green';
  return status === 'unknown' ? 'dim' : 'red';
}

function statusText(span: WaterfallSpan): string {
  return span.responseCode === 0 ? span.status : `${span.status} ${span.responseCode}`;
}

function reasonText(span: WaterfallSpan): string {
  return span.confidence > 0 && span.confidence < 0.9995
    ? `${span.reason} ${(span.confidence * 100).toFixed(1)}%`
    : span.reason;
}

/** The waterfall, one string a line, none wider than `width` from about 40 columns on. */
export function renderWaterfall(trace: WaterfallTrace, options: { width: number; paint: Paint }): readonly string[] {
  const { width, paint } = options;
  const rows = rowsOf(trace.spans);
  const services = [...new Set(rows.map(({ span }) => span.service))];
  const [titles, ...lines] = renderTable(columnsOf(trace, rows, services), width, paint);
  const withNotes = lines.flatMap((line, at) => [
    line,
    ...noteLines(rows[at]!, width).map((text) => paint('dim', text)),
  ]);
  return [paint('bold', summaryOf(trace, rows, services).slice(0, width)), titles!, ...withNotes];
}

/** The note of a span in as few lines as hold its parts. */
function noteLines({ span: { note = [] }, below }: Row, width: number): readonly string[] {
  const indent = `${below}  `;
  const texts: string[] = [];
  for (const part of note.map(printable)) {
    const joined = `${texts.at(-1)} · ${part}`;
    if (texts.length > 0 && indent.length + joined.length <= width) texts[texts.length - 1] = joined;
    else texts.push(part);
  }
  return texts.map((text) => fitted(indent + text, width).trimEnd());
}

function summaryOf(trace: WaterfallTrace, rows: readonly Row[], services: readonly string[]): string {
  const certain = rows.filter(({ span }) => !span.isLikely).length;
  const roots = rows.filter(({ prefix }) => prefix === '').length;
  return [
    `Trace ${printable(trace.traceId)}`,
    formatDuration(trace.durationNs),
    `${certain} ${certain === 1 ? 'span' : 'spans'}`,
    ...(certain < rows.length ? [`${rows.length - certain} likely`] : []),
    `${services.length} ${services.length === 1 ? 'service' : 'services'}`,
    ...(roots > 1 ? [`${roots} roots`] : []),
    new Date(Number(trace.startTimeNs / 1_000_000n)).toISOString(),
  ].join(' · ');
}

/** Columns in order, with what to leave out first where there is little room. */
function columnsOf(trace: WaterfallTrace, rows: readonly Row[], services: readonly string[]): readonly Column[] {
  const colorOf = (span: WaterfallSpan): Color => serviceColors[services.indexOf(span.service) % serviceColors.length]!;
  const cells = (cellOf: (row: Row) => Cell) => (): readonly Cell[] => rows.map(cellOf);
  const timeline = (columnWidth: number): readonly Cell[] =>
    rows.map(({ span }) => ({
      text: bar(Number(span.startTimeNs - trace.startTimeNs), span.durationNs, trace.durationNs, columnWidth),
      color: colorOf(span),
    }));
  return [
    {
      title: 'SERVICE',
      cells: cells(({ span, prefix }) => ({ text: prefix + printable(span.service), color: colorOf(span) })),
      minimumWidth: 14,
      shrink: 4,
    },
    ...placeColumn('WORKLOAD', rows, ({ workload }) => workload, 0.4),
    ...placeColumn('POD', rows, ({ pod }) => pod, 0.5),
    { title: 'POINT', cells: cells(({ span }) => ({ text: printable(span.observationPoint) })), drop: 4 },
    { title: 'PROTOCOL', cells: cells(({ span }) => ({ text: printable(span.protocol) })), drop: 1 },
    {
      title: 'ENDPOINT',
      cells: cells(({ span }) => ({ text: printable(span.endpoint) })),
      comfortableWidth: 20,
      minimumWidth: 12,
      shrink: 2,
    },
    {
      title: 'STATUS',
      cells: cells(({ span }) => ({ text: statusText(span), color: statusColor(span.status) })),
      minimumWidth: 6,
      shrink: 3,
      drop: 5,
    },
    {
      title: 'DURATION',
      align: 'right',
      cells: cells(({ span }) => ({ text: formatDuration(span.durationNs) })),
      drop: 6,
    },
    {
      title: 'TIMELINE',
      cells: timeline,
      preferredWidth: 40,
      comfortableWidth: 24,
      minimumWidth: 10,
      shrink: 1,
      drop: 3,
    },
    {
      title: 'REASON',
      cells: cells(({ span }) => ({ text: reasonText(span), color: 'dim' })),
      minimumWidth: 9,
      shrink: 2.5,
      drop: 2,
    },
  ];
}

/** Not there where no span has it. */
function placeColumn(
  title: string,
  rows: readonly Row[],
  textOf: (span: WaterfallSpan) => string,
  drop: number,
): readonly Column[] {
  const texts = rows.map(({ span }) => textOf(span));
  if (texts.every((text) => text === '')) return [];
  return [{ title, cells: () => texts.map((text) => ({ text: printable(text) })), drop }];
}
