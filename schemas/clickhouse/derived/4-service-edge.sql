-- Who calls whom, per minute, from the sums of calls. Conditions on minute reach the primary keys. Quantiles are those of the
-- logarithmic steps of durations, so within 10 % of the true ones.
CREATE OR REPLACE VIEW service_edge AS
WITH
  (kind, id) -> dictGet('{{database}}.resource_now', 'name', bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id)))) AS name_of
SELECT
  minute,
  client_type,
  client_id,
  name_of(client_type, client_id) AS client_name,
  server_type,
  server_id,
  name_of(server_type, server_id) AS server_name,
  protocol,
  sum(of.calls) AS calls,
  sumIf(of.calls, status IN ('client_error', 'server_error', 'timeout', 'closed')) AS errors,
  sumIf(of.calls, status = 'server_error') AS server_errors,
  sumIf(of.calls, status = 'timeout') AS timeouts,
  sum(of.duration_sum_ns) AS duration_sum_ns,
  max(of.duration_max_ns) AS duration_max_ns,
  duration_quantiles([0.5, 0.9, 0.99], sumForEach(of.durations)) AS duration_quantiles_ns,
  sum(of.request_bytes_sum) AS request_bytes_sum,
  sum(of.response_bytes_sum) AS response_bytes_sum
FROM call_minute AS of
GROUP BY minute, client_type, client_id, server_type, server_id, protocol;
