-- Who calls whom, per minute. A view, not a materialized one: a materialized view adds up every insert, also those that
-- are repeated after a restart and those of later revisions, and would count calls twice. Here a call counts once
-- because FINAL leaves one row a span and one span a call has is_call. Conditions on minute reach the primary key.
CREATE OR REPLACE VIEW service_edge AS
WITH
  (kind, id) -> dictGet('{{database}}.resource_now', 'name', bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id)))) AS name_of
SELECT
  toStartOfMinute(start_time) AS minute,
  call_client_type AS client_type,
  call_client_id AS client_id,
  name_of(call_client_type, call_client_id) AS client_name,
  call_server_type AS server_type,
  call_server_id AS server_id,
  name_of(call_server_type, call_server_id) AS server_name,
  protocol,
  count() AS calls,
  countIf(status IN ('client_error', 'server_error', 'timeout', 'closed')) AS errors,
  countIf(status = 'server_error') AS server_errors,
  countIf(status = 'timeout') AS timeouts,
  sum(duration_ns) AS duration_sum_ns,
  max(duration_ns) AS duration_max_ns,
  quantilesTDigest(0.5, 0.9, 0.99)(duration_ns) AS duration_quantiles_ns,
  sum(request_bytes) AS request_bytes_sum,
  sum(response_bytes) AS response_bytes_sum
FROM spans FINAL
WHERE is_call
GROUP BY minute, client_type, client_id, server_type, server_id, protocol;
