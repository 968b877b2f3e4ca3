/** What people ask, with the goals of p95 in milliseconds. */
import type { Reader } from '../../query/store/read-limits.ts';
import { serviceNamesSql } from '../../query/store/otel-lists-sql.ts';
import { readHeatmap } from '../../query/store/heatmap.ts';
import { readSeries } from '../../query/store/series.ts';
import { listServices } from '../../query/store/services.ts';
import { readTopology } from '../../query/store/topology.ts';
import type { TraceFilter, TraceStore } from '../../query/store/trace-store.ts';
import { type Where } from '../../query/where/expression.ts';
import { parseWhere } from '../../query/where/parse-where.ts';
import { firstNs } from './fill.ts';

/** A question. */
export interface Question {
  readonly name: string;
  readonly goalMs?: number;
  readonly ask: (round: number) => Promise<unknown>;
}

const hourNs = 3_600_000_000_000n;
const at = (hour: number): bigint => firstNs + BigInt(hour) * hourNs;

function where(text: string): Where {
  const parsed = parseWhere(text);
  if (parsed.kind === 'problem') throw new Error(parsed.problem);
  return parsed.where;
}

const newest = { sort: 'newest', limit: 20 } as const;
const all: TraceFilter = {
  ...newest,
  service: 'cart-api-0',
  endpoint: '/v1',
  protocol: 'http1',
  status: 'error',
  where: where("server.namespace = 'team-1'"),
  minDurationNs: 1_000_000,
  fromNs: at(10),
  toNs: at(23),
};

/** The questions; traces by id are different ones in each round. Services are with what they served, and by their names only. */
export async function questionsOf(store: TraceStore, reader: Reader): Promise<readonly Question[]> {
  const { traces } = await store.listTraces({ ...newest, limit: 200, toNs: at(15) });
  const list = (filter: TraceFilter) => (): Promise<unknown> => store.listTraces(filter);
  const day = { fromNs: at(0), toNs: at(24) };
  const hour = { fromNs: at(22), toNs: at(23) };
  return [
    { name: 'trace by id', goalMs: 20, ask: (round) => store.findTrace(traces[round % traces.length]!.traceId) },
    { name: 'newest 20', goalMs: 50, ask: list(newest) },
    {
      name: 'by service and time',
      goalMs: 100,
      ask: list({ ...newest, service: 'search-feed-84', fromNs: at(20), toNs: at(21) }),
    },
    { name: 'by label', goalMs: 200, ask: list({ ...newest, where: where("label(team) = 'team-17'") }) },
    { name: 'by a label that nothing has', ask: list({ ...newest, where: where("label(team) = 'none'") }) },
    {
      name: 'by duration and endpoint',
      goalMs: 200,
      ask: list({ ...newest, endpoint: '/orders', minDurationNs: 200_000_000 }),
    },
    { name: 'all filters', goalMs: 140, ask: list(all) },
    { name: 'slowest 20 of an hour', ask: list({ sort: 'slowest', limit: 20, ...hour }) },
    { name: 'services', goalMs: 5, ask: () => listServices(reader, hour) },
    {
      name: 'names of services',
      ask: () => reader.select(serviceNamesSql({}, { kind: 'always', holds: true }, 1_000)),
    },
    {
      name: 'topology of an hour',
      goalMs: 300,
      ask: () => readTopology(reader, { ...hour, level: 'service', group: 'none' }),
    },
    {
      name: 'topology of an hour, pods',
      ask: () => readTopology(reader, { ...hour, level: 'pod', group: 'none' }),
    },
    { name: 'series of a day', goalMs: 300, ask: () => readSeries(reader, day, { by: 'none', stepNs: undefined }) },
    {
      name: 'series of a day by service',
      goalMs: 300,
      ask: () => readSeries(reader, day, { by: 'service', stepNs: undefined }),
    },
    { name: 'heatmap of an hour', ask: () => readHeatmap(reader, hour, { columns: 100, rows: 30 }) },
  ];
}

/** Milliseconds of the newest traces as they were read before `trace_by_time`: from all versions, without its order. */
export async function baseline(reader: Reader): Promise<number> {
  const startedAtMs = performance.now();
  const rows = await reader.select<{ id: string }>(
    `SELECT hex(trace_id) AS id FROM (SELECT trace_id, max(start_time) AS start FROM trace
     WHERE merged_into = toFixedString('', 16) GROUP BY trace_id ORDER BY start DESC, trace_id LIMIT 50)`,
  );
  const ids = rows.map(({ id }) => `x'${id}'`).join(', ');
  await reader.select(`SELECT * FROM trace FINAL WHERE trace_id IN (${ids}) ORDER BY start_time DESC LIMIT 20`);
  return performance.now() - startedAtMs;
}
