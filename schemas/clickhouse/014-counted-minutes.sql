-- Which sink counts the calls of a minute for Prometheus: the one that claimed it first (sink/call-metrics). A claim that
-- led to nothing is nobody's after a while; a minute that was counted has a line that says so.
CREATE TABLE IF NOT EXISTS counted_minute (
  minute DateTime('UTC'),
  claimed_at DateTime64(9, 'UTC'),
  instance String,
  is_counted Bool DEFAULT false
)
ENGINE = MergeTree
ORDER BY (minute, claimed_at)
TTL minute + toIntervalDay(1);
