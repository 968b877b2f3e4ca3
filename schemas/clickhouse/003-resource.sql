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

-- Names as they are now. The sink reloads the dictionaries when it has written resources; the lifetime is for servers
-- that several sinks write to.
CREATE DICTIONARY IF NOT EXISTS resource_now (
  kind Int32,
  id Int32,
  name String,
  uid String,
  labels String
)
PRIMARY KEY kind, id
SOURCE(CLICKHOUSE(QUERY 'SELECT toInt32(kind) AS kind, id, argMax(name, (valid_from, version)) AS name, argMax(uid, (valid_from, version)) AS uid, toJSONString(argMax(labels, (valid_from, version))) AS labels FROM {{database}}.resource GROUP BY kind, id'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 5 MAX 10);

-- Names as they were at the time of an event.
CREATE DICTIONARY IF NOT EXISTS resource_at (
  kind Int32,
  id Int32,
  valid_from DateTime64(9, 'UTC'),
  valid_until DateTime64(9, 'UTC'),
  name String,
  uid String,
  labels String
)
PRIMARY KEY kind, id
SOURCE(CLICKHOUSE(QUERY 'SELECT toInt32(kind) AS kind, id, valid_from, if(toUnixTimestamp64Nano(valid_to) = 0, fromUnixTimestamp64Nano(9223372036000000000, \'UTC\'), valid_to) AS valid_until, name, uid, toJSONString(labels) AS labels FROM {{database}}.resource FINAL'))
LAYOUT(COMPLEX_KEY_RANGE_HASHED(range_lookup_strategy 'max'))
RANGE(MIN valid_from MAX valid_until)
LIFETIME(MIN 5 MAX 10);
