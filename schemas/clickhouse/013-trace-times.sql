-- Codecs: measured in docs/storage.md. Parts get them when they are next merged; nothing is rewritten now.
ALTER TABLE spans
  MODIFY COLUMN parent_span_id CODEC(ZSTD(1)),
  MODIFY COLUMN reason CODEC(ZSTD(1)),
  MODIFY COLUMN confidence CODEC(ZSTD(1)),
  MODIFY COLUMN likely_parents CODEC(ZSTD(1)),
  MODIFY COLUMN nat CODEC(ZSTD(1)),
  MODIFY COLUMN tunnels CODEC(ZSTD(1)),
  MODIFY COLUMN causes CODEC(ZSTD(1)),
  MODIFY COLUMN revision CODEC(Delta, ZSTD(1)),
  MODIFY COLUMN agent_id CODEC(ZSTD(1)),
  MODIFY COLUMN observation_point CODEC(ZSTD(1)),
  MODIFY COLUMN signal_source CODEC(ZSTD(1)),
  MODIFY COLUMN start_time CODEC(Delta, ZSTD(1)),
  MODIFY COLUMN duration_ns CODEC(T64, ZSTD(1)),
  MODIFY COLUMN time_to_first_byte_ns CODEC(ZSTD(1)),
  MODIFY COLUMN status CODEC(ZSTD(1)),
  MODIFY COLUMN protocol CODEC(ZSTD(1)),
  MODIFY COLUMN protocol_version CODEC(ZSTD(1)),
  MODIFY COLUMN network_namespace CODEC(ZSTD(1)),
  MODIFY COLUMN socket_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN flow_id CODEC(ZSTD(1)),
  MODIFY COLUMN interface_name CODEC(ZSTD(1)),
  MODIFY COLUMN request_event_id CODEC(ZSTD(1)),
  MODIFY COLUMN response_event_id CODEC(ZSTD(1)),
  MODIFY COLUMN request_tcp_sequence CODEC(ZSTD(1)),
  MODIFY COLUMN response_tcp_sequence CODEC(ZSTD(1)),
  MODIFY COLUMN request_type CODEC(ZSTD(1)),
  MODIFY COLUMN request_domain CODEC(ZSTD(1)),
  MODIFY COLUMN request_resource CODEC(ZSTD(3)),
  MODIFY COLUMN endpoint CODEC(ZSTD(1)),
  MODIFY COLUMN request_id CODEC(ZSTD(1)),
  MODIFY COLUMN response_code CODEC(ZSTD(1)),
  MODIFY COLUMN response_exception CODEC(ZSTD(1)),
  MODIFY COLUMN response_result CODEC(ZSTD(1)),
  MODIFY COLUMN request_bytes CODEC(ZSTD(1)),
  MODIFY COLUMN response_bytes CODEC(ZSTD(1)),
  MODIFY COLUMN header_trace_id CODEC(ZSTD(1)),
  MODIFY COLUMN header_span_id CODEC(ZSTD(1)),
  MODIFY COLUMN x_request_id_request CODEC(ZSTD(1)),
  MODIFY COLUMN x_request_id_response CODEC(ZSTD(1)),
  MODIFY COLUMN forwarded_for CODEC(ZSTD(1)),
  MODIFY COLUMN user_agent CODEC(ZSTD(1)),
  MODIFY COLUMN process_id CODEC(ZSTD(1)),
  MODIFY COLUMN process_name CODEC(ZSTD(1)),
  MODIFY COLUMN request_context_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN response_context_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN request_thread_id CODEC(ZSTD(1)),
  MODIFY COLUMN response_thread_id CODEC(ZSTD(1)),
  MODIFY COLUMN client_address CODEC(ZSTD(1)),
  MODIFY COLUMN server_address CODEC(ZSTD(1)),
  MODIFY COLUMN client_port CODEC(ZSTD(1)),
  MODIFY COLUMN server_port CODEC(ZSTD(1)),
  MODIFY COLUMN client_resolution CODEC(ZSTD(1)),
  MODIFY COLUMN server_resolution CODEC(ZSTD(1)),
  MODIFY COLUMN client_region_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_zone_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_vpc_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_subnet_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_instance_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_cluster_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_node_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_namespace_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_workload_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_pod_id CODEC(ZSTD(1)),
  MODIFY COLUMN client_service_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_auto_instance_type CODEC(T64, ZSTD(1)),
  MODIFY COLUMN client_auto_service_type CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_region_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_zone_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_vpc_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_subnet_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_instance_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_cluster_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_node_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_namespace_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_workload_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_pod_id CODEC(ZSTD(1)),
  MODIFY COLUMN server_service_id CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_auto_instance_type CODEC(T64, ZSTD(1)),
  MODIFY COLUMN server_auto_service_type CODEC(T64, ZSTD(1)),
  MODIFY COLUMN service_type CODEC(T64, ZSTD(1)),
  MODIFY COLUMN is_call CODEC(ZSTD(1)),
  MODIFY COLUMN call_client_type CODEC(T64, ZSTD(1)),
  MODIFY COLUMN call_server_type CODEC(T64, ZSTD(1));

-- Versions of traces in the order of their starts, with what a list shows. The start of a trace may move with a revision, and a
-- trace may become part of another: then entries of older versions stay here. Readers take only the entry whose version and content
-- are those of the present version of its trace, which trace_version has; the content is a hash of all that a list shows, since a
-- revision may be stored again with another content. Filled by the view, also when rows are stored again.
CREATE TABLE IF NOT EXISTS trace_by_time (
  start_time DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
  trace_id FixedString(16),
  version Int64 CODEC(T64, ZSTD(1)),
  revision Int64 CODEC(T64, ZSTD(1)),
  carried_trace_id FixedString(16) CODEC(ZSTD(1)),
  duration_ns Int64 CODEC(T64, ZSTD(1)),
  span_count Int32 CODEC(T64, ZSTD(1)),
  error_count Int32 CODEC(T64, ZSTD(1)),
  root_count Int32 CODEC(T64, ZSTD(1)),
  root_service_type Int32 CODEC(T64, ZSTD(1)),
  root_service_id Int32 CODEC(ZSTD(1)),
  root_process_name LowCardinality(String) CODEC(ZSTD(1)),
  root_protocol Enum8('unknown' = 0, 'http1' = 1, 'dns' = 2, 'redis' = 3, 'mysql' = 4, 'postgresql' = 5) CODEC(ZSTD(1)),
  root_request_type LowCardinality(String) CODEC(ZSTD(1)),
  root_endpoint LowCardinality(String) CODEC(ZSTD(1)),
  root_status Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'closed' = 5) CODEC(ZSTD(1)),
  root_response_code Int32 CODEC(ZSTD(1)),
  content UInt32 CODEC(NONE)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toDate(start_time)
ORDER BY (start_time, trace_id, content);

CREATE MATERIALIZED VIEW IF NOT EXISTS trace_by_time_view TO trace_by_time AS
SELECT start_time, trace_id, version, revision, carried_trace_id, duration_ns, span_count, error_count, root_count,
  root_service_type, root_service_id, root_process_name, CAST(root_protocol, 'Int8') AS root_protocol, root_request_type,
  root_endpoint, CAST(root_status, 'Int8') AS root_status, root_response_code,
  toUInt32(sipHash64(start_time, duration_ns, revision, carried_trace_id, span_count, error_count, root_count,
  root_service_type, root_service_id, root_process_name, CAST(root_protocol, 'Int8'), root_request_type, root_endpoint,
  CAST(root_status, 'Int8'), root_response_code)) AS content
FROM trace WHERE merged_into = toFixedString('', 16);

INSERT INTO trace_by_time (start_time, trace_id, version, revision, carried_trace_id, duration_ns, span_count, error_count,
  root_count, root_service_type, root_service_id, root_process_name, root_protocol, root_request_type, root_endpoint, root_status,
  root_response_code, content)
SELECT start_time, trace_id, version, revision, carried_trace_id, duration_ns, span_count, error_count, root_count,
  root_service_type, root_service_id, root_process_name, CAST(root_protocol, 'Int8'), root_request_type, root_endpoint,
  CAST(root_status, 'Int8'), root_response_code,
  toUInt32(sipHash64(start_time, duration_ns, revision, carried_trace_id, span_count, error_count, root_count,
  root_service_type, root_service_id, root_process_name, CAST(root_protocol, 'Int8'), root_request_type, root_endpoint,
  CAST(root_status, 'Int8'), root_response_code))
FROM trace WHERE merged_into = toFixedString('', 16)
SETTINGS max_partitions_per_insert_block = 0;

-- The present version of a trace, for what asks by its id: of table trace the key, the version, what opens a trace, and the hash of what a
-- list shows. In small granules, because a list looks fifty ids up that are anywhere in it.
CREATE TABLE IF NOT EXISTS trace_version (
  trace_id FixedString(16),
  version Int64 CODEC(T64, ZSTD(1)),
  start_time DateTime64(9, 'UTC') CODEC(ZSTD(1)),
  merged_into FixedString(16) CODEC(ZSTD(1)),
  carried_trace_id FixedString(16) CODEC(ZSTD(1)),
  revision Int64 CODEC(T64, ZSTD(1)),
  root_span_id FixedString(8) CODEC(ZSTD(1)),
  root_count Int32 CODEC(T64, ZSTD(1)),
  duration_ns Int64 CODEC(T64, ZSTD(1)),
  error_count Int32 CODEC(T64, ZSTD(1)),
  content UInt32 CODEC(NONE)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY trace_id
SETTINGS index_granularity = 256;

CREATE MATERIALIZED VIEW IF NOT EXISTS trace_version_view TO trace_version AS
SELECT trace_id, version, start_time, merged_into, carried_trace_id, revision, root_span_id, root_count, duration_ns, error_count,
  toUInt32(sipHash64(start_time, duration_ns, revision, carried_trace_id, span_count, error_count, root_count,
  root_service_type, root_service_id, root_process_name, CAST(root_protocol, 'Int8'), root_request_type, root_endpoint,
  CAST(root_status, 'Int8'), root_response_code)) AS content
FROM trace;

INSERT INTO trace_version (trace_id, version, start_time, merged_into, carried_trace_id, revision, root_span_id, root_count, duration_ns,
  error_count, content)
SELECT trace_id, version, start_time, merged_into, carried_trace_id, revision, root_span_id, root_count, duration_ns, error_count,
  toUInt32(sipHash64(start_time, duration_ns, revision, carried_trace_id, span_count, error_count, root_count,
  root_service_type, root_service_id, root_process_name, CAST(root_protocol, 'Int8'), root_request_type, root_endpoint,
  CAST(root_status, 'Int8'), root_response_code))
FROM trace;

-- Sums of calls per minute, as the view call_minute_now gives them; see summed_minute of migration 011. durations has the number
-- of calls by their durations: element 1 + floor(4 * log2(duration in units of 1,024 ns)), up to 128; what would be below is the first.
CREATE TABLE IF NOT EXISTS call_minute_sum (
  minute DateTime('UTC') CODEC(Delta, ZSTD(1)),
  client_type Int32 CODEC(T64, ZSTD(1)),
  client_id Int32 CODEC(ZSTD(1)),
  server_type Int32 CODEC(T64, ZSTD(1)),
  server_id Int32 CODEC(ZSTD(1)),
  protocol Enum8('unknown' = 0, 'http1' = 1, 'dns' = 2, 'redis' = 3, 'mysql' = 4, 'postgresql' = 5, 'memcached' = 6, 'fastcgi' = 7) CODEC(ZSTD(1)),
  request_type LowCardinality(String) CODEC(ZSTD(1)),
  endpoint LowCardinality(String) CODEC(ZSTD(1)),
  status Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'closed' = 5) CODEC(ZSTD(1)),
  calls UInt64 CODEC(T64, ZSTD(1)),
  duration_sum_ns Int64 CODEC(T64, ZSTD(1)),
  duration_max_ns Int64 CODEC(T64, ZSTD(1)),
  request_bytes_sum Int64 CODEC(T64, ZSTD(1)),
  response_bytes_sum Int64 CODEC(T64, ZSTD(1)),
  durations Array(UInt64) CODEC(ZSTD(1)),
  version UInt64 CODEC(Delta, ZSTD(1)),
  is_deleted UInt8 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toDate(minute)
PRIMARY KEY (minute, server_type, server_id)
ORDER BY (minute, server_type, server_id, client_type, client_id, protocol, request_type, endpoint, status);

-- The same by the service that was called only: lists of services and time series of all of them.
CREATE TABLE IF NOT EXISTS service_minute_sum (
  minute DateTime('UTC') CODEC(Delta, ZSTD(1)),
  server_type Int32 CODEC(T64, ZSTD(1)),
  server_id Int32 CODEC(ZSTD(1)),
  calls UInt64 CODEC(T64, ZSTD(1)),
  errors UInt64 CODEC(T64, ZSTD(1)),
  durations Array(UInt64) CODEC(ZSTD(1)),
  version UInt64 CODEC(Delta, ZSTD(1)),
  is_deleted UInt8 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toDate(minute)
ORDER BY (minute, server_type, server_id);

-- What was stored before there were sums. summed_minute has a place for both.
INSERT INTO summed_minute (summary, minute, changed_at)
SELECT summary, minute, now64(9) FROM (SELECT DISTINCT toStartOfMinute(start_time) AS minute FROM spans)
ARRAY JOIN ['call_minute', 'service_minute'] AS summary;

-- What spans are named by, in each hour, by the service on whose side they were seen: lists of services and operations. A set, which
-- storing a span again does not change; spans counts those that were stored, repeated ones too, and is good for an order only. A
-- process has a name here where it belongs to no service. Only statements are named by the database they were sent to.
CREATE TABLE IF NOT EXISTS operation (
  hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
  service_type Int32 CODEC(T64, ZSTD(1)),
  service_id Int32 CODEC(ZSTD(1)),
  process_name LowCardinality(String) CODEC(ZSTD(1)),
  protocol Enum8('unknown' = 0, 'http1' = 1, 'dns' = 2, 'redis' = 3, 'mysql' = 4, 'postgresql' = 5, 'memcached' = 6, 'fastcgi' = 7) CODEC(ZSTD(1)),
  request_type LowCardinality(String) CODEC(ZSTD(1)),
  request_domain LowCardinality(String) CODEC(ZSTD(1)),
  endpoint LowCardinality(String) CODEC(ZSTD(1)),
  side LowCardinality(String) CODEC(ZSTD(1)),
  spans UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = SummingMergeTree(spans)
PARTITION BY toDate(hour)
PRIMARY KEY (hour, service_type, service_id)
ORDER BY (hour, service_type, service_id, process_name, protocol, request_type, request_domain, endpoint, side);

CREATE MATERIALIZED VIEW IF NOT EXISTS operation_view TO operation AS
SELECT hour, service_type, service_id, process AS process_name, CAST(asked_by, 'Int8') AS protocol, request_type, domain AS request_domain,
  endpoint, side, count() AS spans
FROM (
  SELECT toStartOfHour(start_time) AS hour, service_type, service_id, if(service_id = 0, process_name, '') AS process,
    protocol AS asked_by, request_type, if(protocol IN ('mysql', 'postgresql'), request_domain, '') AS domain, endpoint,
    substring(observation_point, 1, 1) AS side
  FROM spans
  WHERE is_call OR observation_point IN ('c-p', 's-p', 'c-app', 's-app', 'app'))
GROUP BY hour, service_type, service_id, process, asked_by, request_type, domain, endpoint, side;

INSERT INTO operation (hour, service_type, service_id, process_name, protocol, request_type, request_domain, endpoint, side, spans)
SELECT toStartOfHour(start_time), service_type, service_id, if(service_id = 0, process_name, ''), CAST(protocol, 'Int8'), request_type,
  if(protocol IN ('mysql', 'postgresql'), request_domain, ''), endpoint, substring(observation_point, 1, 1), count()
FROM spans
WHERE is_call OR observation_point IN ('c-p', 's-p', 'c-app', 's-app', 'app')
GROUP BY ALL
SETTINGS max_partitions_per_insert_block = 0;
