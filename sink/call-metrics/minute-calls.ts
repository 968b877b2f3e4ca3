/** The calls of one minute as table spans has them, by what metrics tell apart. */
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { databaseNames, statementNames } from '../../protocols/protocols.ts';
import { pointsInProcesses } from '../../schemas/observation-points.ts';

/** Upper bounds of buckets of durations, in seconds: those of Tempo's span metrics, and two below, as calls within a node are short. */
export const bucketBoundsS: readonly number[] = Array.from({ length: 16 }, (_, index) => 0.0005 * 2 ** index);

/** Of so many groups of a minute the names are read. */
const usualGroups = 20_000;

/** Calls, or spans of calls, that have the same labels. */
export interface CallGroup {
  /** Each call is counted once by it: its span nearest to the server. */
  readonly is_call: number;
  /** The first letter of where it was seen: `c`, `s` or another one. */
  readonly side: string;
  /** Seen in a process. */
  readonly is_process: number;
  /** 1 where the names of a minute are too many for it; then all texts but `side` and `status` are empty. */
  readonly is_other: number;
  readonly client_type: number;
  readonly client_name: string;
  readonly server_type: number;
  readonly server_name: string;
  /** Of a database that is no known resource; else empty. */
  readonly server_address: string;
  readonly service_name: string;
  readonly process_name: string;
  readonly protocol: string;
  readonly request_type: string;
  readonly request_domain: string;
  readonly endpoint: string;
  readonly status: string;
  readonly spans: number;
  readonly duration_sum_s: number;
  /** Spans that took at most as long as each of {@link bucketBoundsS}. */
  readonly at_most: readonly number[];
}

const list = (names: readonly string[]): string => names.map(stringLiteral).join(', ');
const isInProcess = `observation_point IN (${list(pointsInProcesses)})`;

const boundsNs = bucketBoundsS.map((seconds) => integerLiteral(Math.round(seconds * 1e9))).join(', ');

const keys = `call, point, in_process, of_client, client_id, of_server, server_id, server_text, own_type, own_id, own_process,
  spoken, method, domain, asked, outcome`;

/** Light on the host, as of the sums per minute: nobody waits for it. */
const settings =
  'SETTINGS max_threads = 1, max_execution_time = 20, max_bytes_before_external_group_by = 200000000, max_memory_usage = 500000000';

/**
 * Reads a minute once.
 *
 * @param minute Unix seconds
 * @param maxGroups the most frequent ones have names, the others come together
 * @throws PipelineError DESTINATION_UNAVAILABLE, DESTINATION_REFUSED
 */
export function minuteCalls(
  clickHouse: ClickHouse,
  minute: number,
  maxGroups = usualGroups,
): Promise<readonly CallGroup[]> {
  const name = (type: string, id: string): string =>
    `if(is_other OR ${id} = 0, '', dictGet('resource_now', 'name', resource_key(${type}, ${id})))`;
  const text = (column: string): string => `if(is_other, '', toString(${column}))`;
  return clickHouse.select<CallGroup>(
    `SELECT toUInt8(call) AS is_call, point AS side, toUInt8(in_process) AS is_process, place > ${integerLiteral(maxGroups)} AS is_other,
       if(is_other, 0, of_client) AS client_type, ${name('of_client', 'client_id')} AS client_name,
       if(is_other, 0, of_server) AS server_type, ${name('of_server', 'server_id')} AS server_name,
       ${text('server_text')} AS server_address, ${name('own_type', 'own_id')} AS service_name, ${text('own_process')} AS process_name,
       ${text('spoken')} AS protocol, ${text('method')} AS request_type, ${text('domain')} AS request_domain,
       ${text('asked')} AS endpoint, toString(outcome) AS status,
       toFloat64(sum(of_spans)) AS spans, sum(of_duration) / 1e9 AS duration_sum_s, sumForEach(of_at_most) AS at_most
     FROM (
       SELECT *, row_number() OVER (ORDER BY of_spans DESC) AS place FROM (
         SELECT ${keys}, count() AS of_spans, sum(toFloat64(taken)) AS of_duration,
           sumForEach(arrayMap(bound -> taken <= bound, [${boundsNs}])) AS of_at_most
         FROM (
           SELECT is_call AS call, substring(toString(observation_point), 1, 1) AS point,
             ${isInProcess} AS in_process,
             call_client_type AS of_client, call_client_id AS client_id, call_server_type AS of_server, call_server_id AS server_id,
             if(call_server_id = 0 AND protocol IN (${list(databaseNames)}) AND spans.server_address != toIPv6('::'),
               replaceRegexpOne(toString(spans.server_address), '^::ffff:(\\d+\\.)', '\\1'), '') AS server_text,
             service_type AS own_type, service_id AS own_id, if(service_id = 0, toString(process_name), '') AS own_process,
             protocol AS spoken, request_type AS method, if(protocol IN (${list(statementNames)}), toString(request_domain), '') AS domain,
             endpoint AS asked, status AS outcome, greatest(duration_ns, 0) AS taken
           FROM spans FINAL
           WHERE start_time >= toDateTime64(${integerLiteral(minute)}, 9, 'UTC') AND start_time < toDateTime64(${integerLiteral(minute + 60)}, 9, 'UTC')
             AND (is_call OR ${isInProcess}))
         GROUP BY ${keys}))
     GROUP BY is_call, side, is_process, is_other, client_type, client_name, server_type, server_name, server_address,
       service_name, process_name, protocol, request_type, request_domain, endpoint, status
     ORDER BY spans DESC ${settings}`,
  );
}
