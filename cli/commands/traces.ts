import { printable } from '../output/printable.ts';
import { formatDuration } from '../output/duration.ts';
import { loadSettings } from '../settings.ts';
import { openStoredTraces } from '../stored-traces.ts';
import { listWidthOf, paintFor } from '../output/style.ts';
import { renderTable, type Column } from '../output/table.ts';
import type { Protocol } from '../../schemas/generated/span.ts';
import { summaryToJson } from '../../query/api/summary-json.ts';
import type { TraceFilter, TraceSummary } from '../../query/store/trace-store.ts';
import type { Where } from '../../query/where/expression.ts';

/** Options of `spanloom traces`; durations in milliseconds. */
export interface TracesOptions {
  readonly service?: string;
  readonly endpoint?: string;
  readonly protocol?: Protocol;
  readonly errors?: boolean;
  readonly where?: Where;
  readonly slowerThan?: number;
  readonly since?: number;
  readonly slowest?: boolean;
  readonly limit: number;
  readonly json?: boolean;
}

/** Lists stored traces. */
export async function traces(options: TracesOptions): Promise<void> {
  const store = await openStoredTraces(loadSettings());
  try {
    const { traces: found } = await store.listTraces(filterOf(options));
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ traces: found.map(summaryToJson) })}\n`);
    } else if (found.length === 0) {
      process.stdout.write('No traces match.\n');
    } else {
      const lines = renderTable(columns(found), listWidthOf(process.stdout), paintFor(process.stdout, process.env));
      process.stdout.write(`${lines.join('\n')}\n`);
    }
  } finally {
    await store.close();
  }
}

/** No trace is older, and since then a time in nanoseconds has 19 digits, which is how the API knows it. */
const earliestMs = 1e12;

/** The filter that options mean. */
export function filterOf(options: TracesOptions): TraceFilter {
  const { service, endpoint, protocol, errors, where, slowerThan, since } = options;
  return {
    ...(service === undefined ? {} : { service }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(errors === true ? { status: 'error' as const } : {}),
    ...(where === undefined ? {} : { where }),
    ...(slowerThan === undefined ? {} : { minDurationNs: Math.round(slowerThan * 1e6) }),
    ...(since === undefined
      ? {}
      : { fromNs: BigInt(Math.max(earliestMs, Math.round(Date.now() - since))) * 1_000_000n }),
    sort: options.slowest === true ? 'slowest' : 'newest',
    limit: options.limit,
  };
}

function columns(found: readonly TraceSummary[]): readonly Column[] {
  const cells = (textOf: (summary: TraceSummary) => string) => () =>
    found.map((summary) => ({ text: textOf(summary) }));
  const errors = (): Column['cells'] => () =>
    found.map(({ errorCount }) => ({ text: String(errorCount), color: errorCount > 0 ? 'red' : 'dim' }));
  return [
    { title: 'TRACE', cells: cells(({ traceId }) => traceId), minimumWidth: 12, shrink: 1 },
    { title: 'START', cells: cells(({ startTimeNs }) => startText(startTimeNs)), drop: 2 },
    { title: 'DURATION', align: 'right', cells: cells(({ durationNs }) => formatDuration(durationNs)) },
    { title: 'SPANS', align: 'right', cells: cells(({ spanCount }) => String(spanCount)), drop: 3 },
    { title: 'ERRORS', align: 'right', cells: errors(), drop: 4 },
    { title: 'ROOTS', align: 'right', cells: cells(({ rootCount }) => String(rootCount)), drop: 1 },
    { title: 'SERVICE', cells: cells(({ rootServiceName }) => printable(rootServiceName)), minimumWidth: 8, shrink: 3 },
    {
      title: 'REQUEST',
      cells: cells(({ rootRequestType, rootEndpoint }) => printable(`${rootRequestType} ${rootEndpoint}`.trim())),
      minimumWidth: 12,
      shrink: 2,
    },
  ];
}

function startText(startTimeNs: bigint): string {
  return new Date(Number(startTimeNs / 1_000_000n)).toISOString();
}
