import { integerLiteral, plainBytesLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';

const beginNs = 1_760_000_000_000_000_000n;
const stepNs = 40_000;

/**
 * Stores a trace: a request that makes calls, which make calls, each seen at six places. The engine makes its rows, which takes a
 * second where the sink would take a minute.
 */
export async function storeLargeTrace(clickHouse: ClickHouse, traceId: string, spanCount: number): Promise<void> {
  const [id, count] = [plainBytesLiteral(traceId), integerLiteral(spanCount)];
  // Spans of one start and one id are one span, whatever their trace.
  const firstId = integerLiteral(BigInt(`0x${traceId.slice(-8)}`) << 24n);
  const spanId = (number: string): string => `reinterpretAsFixedString(byteSwap(toUInt64(${firstId} + ${number})))`;
  // Of each call, spans 6 * call - 5 to 6 * call are its observations; span 0 is the root.
  await clickHouse.execute(
    `INSERT INTO spans (trace_id, revision, span_id, parent_span_id, reason, confidence, start_time, duration_ns, observation_point,
       status, protocol, request_type, endpoint, response_code, process_name, server_address, server_port, agent_id)
     WITH intDiv(number + 5, 6) AS call, if(number = 0, 5, (number + 5) % 6) AS place,
       if(call < 2, 0, 6 * intDiv(call - 1, 3)) AS caller
     SELECT ${id}, ${count}, ${spanId('number + 1')},
       if(number = 0, toFixedString('', 8), ${spanId('if(place = 0, caller, number - 1) + 1')}),
       multiIf(number = 0, 'root', place = 0, 'context', 'tcp_sequence'), toFloat64(number > 0),
       addNanoseconds(${timeLiteral(beginNs)}, call * ${stepNs} + place * 1000),
       if(number = 0, ${count} * ${stepNs}, ${stepNs} * 20 - place * 2000),
       ['c-p', 'c', 'c-nd', 's-nd', 's', 's-p'][place + 1], 'ok', 'http1', 'GET', '/products/{id}', 200,
       concat('service-', toString(if(place < 3, intDiv(caller, 6), call) % 12)),
       toIPv6(concat('10.0.0.', toString(call % 12))), 8080, 1
     FROM numbers(${count})`,
  );
  await clickHouse.execute(
    `INSERT INTO trace (trace_id, revision, start_time, duration_ns, span_count, root_count)
     VALUES (${id}, ${count}, ${timeLiteral(beginNs)}, ${integerLiteral(spanCount * (stepNs + 1) + 30 * stepNs)}, ${count}, 1)`,
  );
}
