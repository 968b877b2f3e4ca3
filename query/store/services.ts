/** Services and endpoints by what they served, from the sums of calls per minute. */
import { integerLiteral } from '../../core/clickhouse/sql-literal.ts';
import { type AskedRange, minutesOf } from './minute-range.ts';
import { minuteSource } from './minute-source.ts';
import type { Reader } from './read-limits.ts';
import { namedSql, resourceFacts, resourceText } from './resource-facts.ts';
import { isErrorSql } from './trace-list-sql.ts';

const maxServices = 1_000;
const maxEndpoints = 1_000;

/** Figures of calls. */
interface CallFigures {
  readonly calls: number;
  readonly errors: number;
  readonly p50_ns: number;
  readonly p99_ns: number;
}

interface FigureRow {
  readonly calls: number;
  readonly errors: number;
  readonly quantiles: readonly number[];
}

const figuresOf = ({ calls, errors, quantiles }: FigureRow): CallFigures => ({
  calls,
  errors,
  p50_ns: Math.round(quantiles[0]!),
  p99_ns: Math.round(quantiles[1]!),
});

const quantilesSql = 'duration_quantiles([0.5, 0.99], durations) AS quantiles';

/** A service in a list. */
export interface ServiceFigures extends CallFigures {
  readonly name: string;
  readonly kind: string;
  readonly namespace: string;
}

/** Services by what they served, the busiest first. */
export async function listServices(
  reader: Reader,
  asked: AskedRange,
): Promise<{ readonly services: readonly ServiceFigures[]; readonly is_truncated: boolean }> {
  const source = await minuteSource(reader, 'service_minute', await minutesOf(reader, asked));
  const rows = await reader.select<FigureRow & { type: number; id: number }>(
    `SELECT type, id, calls, errors, ${quantilesSql} FROM (
       SELECT server_type AS type, server_id AS id, sum(of.calls) AS calls, sum(of.errors) AS errors,
         sumForEach(of.durations) AS durations
       FROM ${source} AS of
       GROUP BY type, id ORDER BY calls DESC, type, id LIMIT ${integerLiteral(maxServices + 1)})
     ORDER BY calls DESC, type, id`,
  );
  const listed = rows.slice(0, maxServices);
  const facts = await resourceFacts(reader, listed);
  const services = listed.map((row) => {
    const { name, kind, namespace } = facts.get(resourceText(row))!;
    return { name, kind, namespace, ...figuresOf(row) };
  });
  return { services, is_truncated: rows.length > maxServices };
}

/** An endpoint in a list. */
export interface EndpointFigures extends CallFigures {
  readonly endpoint: string;
  readonly protocol: string;
  readonly request_type: string;
}

/** Endpoints of a service, or of all, by what they served, the busiest first. */
export async function listEndpoints(
  reader: Reader,
  service: string | undefined,
  asked: AskedRange,
): Promise<{ readonly endpoints: readonly EndpointFigures[]; readonly is_truncated: boolean }> {
  const source = await minuteSource(reader, 'call_minute', await minutesOf(reader, asked));
  const ofService = service === undefined ? '' : ` WHERE (server_type, server_id) IN ${namedSql(service)}`;
  const rows = await reader.select<FigureRow & { endpoint: string; protocol: string; request_type: string }>(
    `SELECT endpoint, protocol, request_type, calls, errors, ${quantilesSql} FROM (
       SELECT endpoint, protocol, request_type, sum(of.calls) AS calls, sumIf(of.calls, ${isErrorSql}) AS errors,
         sumForEach(of.durations) AS durations
       FROM ${source} AS of${ofService}
       GROUP BY endpoint, protocol, request_type
       ORDER BY calls DESC, endpoint, protocol, request_type LIMIT ${integerLiteral(maxEndpoints + 1)})
     ORDER BY calls DESC, endpoint, protocol, request_type`,
  );
  const endpoints = rows.slice(0, maxEndpoints).map((row) => {
    const { endpoint, protocol, request_type } = row;
    return { endpoint, protocol, request_type, ...figuresOf(row) };
  });
  return { endpoints, is_truncated: rows.length > maxEndpoints };
}
