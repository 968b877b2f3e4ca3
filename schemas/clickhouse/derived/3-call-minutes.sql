-- Calls per minute, by both services, what was asked and what became of it, as the rows of spans say: a view, not a materialized
-- one, which would add up every insert, also those that are repeated after a restart and those of later revisions. Here a call counts
-- once, because FINAL leaves one row a span and one span a call has is_call. durations: see migration 012.
CREATE OR REPLACE VIEW call_minute_now AS
SELECT
  * EXCEPT counted,
  arrayMap(place -> counted.2[indexOf(counted.1, place)], range(1, arrayMax(counted.1) + 1)) AS durations
FROM (SELECT
  toStartOfMinute(start_time) AS minute,
  call_client_type AS client_type,
  call_client_id AS client_id,
  call_server_type AS server_type,
  call_server_id AS server_id,
  protocol,
  request_type,
  endpoint,
  status,
  count() AS calls,
  sum(duration_ns) AS duration_sum_ns,
  max(duration_ns) AS duration_max_ns,
  sum(request_bytes) AS request_bytes_sum,
  sum(response_bytes) AS response_bytes_sum,
  sumMap([toUInt64(least(128, 1 + floor(4 * log2(greatest(duration_ns, 1024) / 1024))))], [toUInt64(1)]) AS counted
FROM spans FINAL
WHERE is_call
GROUP BY minute, client_type, client_id, server_type, server_id, protocol, request_type, endpoint, status);

-- The same, and fast: minutes that were summed up come from call_minute_sum, those that have changed since from spans. Conditions
-- on minute reach the primary keys.
CREATE OR REPLACE VIEW call_minute AS
WITH (SELECT groupArray(minute) FROM changed_minute WHERE summary = 'call_minute') AS changed_minutes
SELECT * FROM (
  SELECT * EXCEPT (version, is_deleted) FROM call_minute_sum FINAL WHERE minute NOT IN changed_minutes
  UNION ALL
  SELECT * FROM call_minute_now WHERE minute IN changed_minutes
);

-- Calls per minute by the service that was called.
CREATE OR REPLACE VIEW service_minute_now AS
SELECT
  minute,
  server_type,
  server_id,
  sum(of_calls) AS calls,
  sumIf(of_calls, status IN ('client_error', 'server_error', 'timeout', 'closed')) AS errors,
  sumForEach(of_durations) AS durations
FROM (SELECT minute, server_type, server_id, status, calls AS of_calls, durations AS of_durations FROM call_minute)
GROUP BY minute, server_type, server_id;

CREATE OR REPLACE VIEW service_minute AS
WITH (SELECT groupArray(minute) FROM changed_minute WHERE summary = 'service_minute') AS changed_minutes
SELECT * FROM (
  SELECT * EXCEPT (version, is_deleted) FROM service_minute_sum FINAL WHERE minute NOT IN changed_minutes
  UNION ALL
  SELECT * FROM service_minute_now WHERE minute IN changed_minutes
);
