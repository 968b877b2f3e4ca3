-- What became of the records of each stage, as processes report it every few seconds: all counts since the process began
-- (schemas/avro/stage-report.avsc). What happened between two times is the difference of two rows of one instance and stage. A
-- report that is stored again replaces itself.
CREATE TABLE IF NOT EXISTS stage_report (
  time DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  instance FixedString(16),
  stage LowCardinality(String),
  host LowCardinality(String),
  version LowCardinality(String),
  started_at DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
  received Int64 CODEC(DoubleDelta, ZSTD(1)),
  emitted Int64 CODEC(DoubleDelta, ZSTD(1)),
  buffered Int64 CODEC(Delta, ZSTD(1)),
  dropped Map(LowCardinality(String), Int64) CODEC(ZSTD(1)),
  rejected Map(LowCardinality(String), Int64) CODEC(ZSTD(1)),
  lag_messages Int64 CODEC(Delta, ZSTD(1)),
  lag_ms Int64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), instance, stage, time);
