-- One row a trace, with what a list shows of its root. A later version replaces the earlier ones. The version is twice
-- the revision, plus one when the trace was merged into another: being merged is final and outdoes any revision that is
-- read again. There is no partition by time because the start of a trace may move with a revision, and versions of one
-- trace in two partitions would not meet.
CREATE TABLE IF NOT EXISTS trace (
  trace_id FixedString(16),
  version Int64,
  revision Int64,
  merged_into FixedString(16),
  root_span_id FixedString(8),
  root_count Int32,
  start_time DateTime64(9, 'UTC'),
  duration_ns Int64,
  error_count Int32,
  span_count Int32,
  root_service_type Int32,
  root_service_id Int32,
  root_process_name LowCardinality(String),
  root_observation_point LowCardinality(String),
  root_protocol Enum8('unknown' = 0, 'http1' = 1, 'dns' = 2, 'redis' = 3, 'mysql' = 4, 'postgresql' = 5),
  root_request_type LowCardinality(String),
  root_endpoint LowCardinality(String),
  root_status Enum8('unknown' = 0, 'ok' = 1, 'client_error' = 2, 'server_error' = 3, 'timeout' = 4, 'closed' = 5),
  root_response_code Int32,
  INDEX trace_id_text_index lower(hex(trace_id)) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY trace_id;
