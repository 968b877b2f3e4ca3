-- One row for each version of a resource; version is when the bus took it (milliseconds), so that what was sent last
-- about one version wins. Names and labels are here and in the dictionaries only, never in rows of spans.
CREATE TABLE IF NOT EXISTS resource (
  kind Enum8('unknown' = 0, 'region' = 1, 'zone' = 2, 'vpc' = 3, 'subnet' = 4, 'host' = 5, 'instance' = 6, 'cluster' = 7, 'node' = 8, 'namespace' = 9, 'workload' = 10, 'pod' = 11, 'service' = 12, 'process' = 13, 'internet' = 14, 'address' = 15),
  id Int32,
  uid String,
  name String,
  parents Array(Tuple(
    kind Enum8('unknown' = 0, 'region' = 1, 'zone' = 2, 'vpc' = 3, 'subnet' = 4, 'host' = 5, 'instance' = 6, 'cluster' = 7, 'node' = 8, 'namespace' = 9, 'workload' = 10, 'pod' = 11, 'service' = 12, 'process' = 13, 'internet' = 14, 'address' = 15),
    id Int32)),
  addresses Array(IPv6),
  labels Map(String, String),
  annotations Map(String, String),
  environment Map(String, String),
  valid_from DateTime64(9, 'UTC'),
  valid_to DateTime64(9, 'UTC'),
  version Int64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (kind, id, valid_from);
-- Until views, functions and dictionaries moved to derived/, the checksum of this file was:
-- formerly 90887e86e424df3bbb38f98712ad43702fcf2ee5b198fd50d7f6380d3a1eb107
