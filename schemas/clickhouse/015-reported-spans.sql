-- Spans that applications reported, beside their rows in `spans`: what those have no columns for. One row a span of signal source
-- otel, none for others. Key, partition and version as in `spans`, so a row is replaced, and expires, together with its span. The sink
-- stores it first: a span of an application never is there without it. All but parent, trace and revision is as received and never
-- changes, so a row of another revision than the span's is as good.
--
-- otlp is everything, as it was received. The columns behind it are for search and for the views, in the shape of the OpenTelemetry
-- Collector's ClickHouse exporter; texts in them are cut at 4 KiB.
CREATE TABLE IF NOT EXISTS reported_span (
  trace_id FixedString(16) CODEC(ZSTD(1)),
  otel_trace_id FixedString(16) CODEC(ZSTD(1)),
  revision Int64 CODEC(Delta, ZSTD(1)),
  parent_span_id FixedString(8) CODEC(ZSTD(1)),
  span_id FixedString(8),
  start_time DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
  duration_ns Int64 CODEC(T64, ZSTD(1)),
  otlp String CODEC(ZSTD(3)),
  name LowCardinality(String) CODEC(ZSTD(1)),
  kind LowCardinality(String) CODEC(ZSTD(1)),
  trace_state String CODEC(ZSTD(1)),
  status_code LowCardinality(String) CODEC(ZSTD(1)),
  status_message String CODEC(ZSTD(1)),
  scope_name LowCardinality(String) CODEC(ZSTD(1)),
  scope_version LowCardinality(String) CODEC(ZSTD(1)),
  resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  event_times Array(DateTime64(9)) CODEC(ZSTD(1)),
  event_names Array(LowCardinality(String)) CODEC(ZSTD(1)),
  event_attributes Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
  link_trace_ids Array(String) CODEC(ZSTD(1)),
  link_span_ids Array(String) CODEC(ZSTD(1)),
  link_trace_states Array(String) CODEC(ZSTD(1)),
  link_attributes Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
  INDEX trace_id_index trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX otel_trace_id_index lower(hex(otel_trace_id)) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX resource_keys_index mapKeys(resource_attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX resource_values_index mapValues(resource_attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX attribute_keys_index mapKeys(attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX attribute_values_index mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toDate(start_time)
ORDER BY (start_time, span_id)
SETTINGS min_bytes_for_wide_part = 268435456;
