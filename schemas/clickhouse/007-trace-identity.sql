-- A trace is stored by an id of its own, which no request decides. The W3C trace id that its headers carry is a column:
-- any client may send it again, so it is looked up, and never a key by which rows replace each other. In rows of former
-- versions it is empty, and trace_id may be a carried id. otel_trace_id is what OpenTelemetry knows the trace by: the id
-- that it carries, else trace_id.
ALTER TABLE trace ADD COLUMN IF NOT EXISTS carried_trace_id FixedString(16) AFTER merged_into;
ALTER TABLE trace ADD COLUMN IF NOT EXISTS otel_trace_id FixedString(16)
  MATERIALIZED if(carried_trace_id = toFixedString('', 16), trace_id, carried_trace_id);
ALTER TABLE spans ADD COLUMN IF NOT EXISTS otel_trace_id FixedString(16) DEFAULT trace_id AFTER trace_id;

-- Which traces have ever carried an id. What is true of them now, their start above all, is in table trace: readers join
-- it, so an entry of an older version of a trace does no harm.
CREATE TABLE IF NOT EXISTS trace_by_carried_id (
  carried_trace_id FixedString(16),
  trace_id FixedString(16),
  start_time DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (carried_trace_id, trace_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS trace_by_carried_id_view TO trace_by_carried_id AS
SELECT carried_trace_id, trace_id, start_time FROM trace WHERE carried_trace_id != toFixedString('', 16);

-- The views for OpenTelemetry search this text; no query uses the former index.
ALTER TABLE spans ADD INDEX IF NOT EXISTS otel_trace_id_index lower(hex(otel_trace_id)) TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE trace ADD INDEX IF NOT EXISTS otel_trace_id_index lower(hex(otel_trace_id)) TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE spans DROP INDEX IF EXISTS trace_id_text_index;
ALTER TABLE trace DROP INDEX IF EXISTS trace_id_text_index;
ALTER TABLE spans MATERIALIZE INDEX otel_trace_id_index SETTINGS mutations_sync = 0;
ALTER TABLE trace MATERIALIZE INDEX otel_trace_id_index SETTINGS mutations_sync = 0;

-- Until views, functions and dictionaries moved to derived/, the checksum of this file was:
-- formerly e72e5442d0f0785e8c999465cba42ddd51e12165acf2ff5e23e0dad4a51d0046
