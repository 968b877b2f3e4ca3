-- Which sink counts the calls of a minute for Prometheus: the one that claimed it first (sink/call-metrics). No minute is claimed
-- again after an hour.
CREATE TABLE IF NOT EXISTS counted_minute (
  minute DateTime('UTC'),
  claimed_at DateTime64(9, 'UTC'),
  instance String
)
ENGINE = MergeTree
ORDER BY (minute, claimed_at)
TTL minute + toIntervalDay(1);
