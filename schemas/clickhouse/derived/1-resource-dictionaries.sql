-- By key: kind * 2^32 + id. One number, because a key of two columns takes ten times as long to look up. "changes" is 1
-- where versions differ in what is here: only then need anybody ask for the time.
--
-- The engine turns conditions on dictGet into conditions on keys: dictGet('resource_now', 'name', key) = 'x' becomes
-- key IN (…), and changes = 1 becomes the few keys that changed, or false. dictGet gives the empty text, or 0, for what is
-- not there.
CREATE OR REPLACE DICTIONARY resource_now (
  key UInt64,
  name String,
  uid String,
  type String,
  label_set UInt128,
  annotation_set UInt128,
  environment_set UInt128,
  changes UInt8
)
PRIMARY KEY key
SOURCE(CLICKHOUSE(QUERY 'SELECT bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id))) AS key, latest.1 AS name, latest.2 AS uid, latest.3 AS type, latest.4 AS label_set, latest.5 AS annotation_set, latest.6 AS environment_set, changes FROM (SELECT kind, id, argMax(facts, valid_from) AS latest, toUInt8(min(facts) != max(facts)) AS changes FROM (SELECT kind, id, valid_from, (name, uid, toString(type), label_set, annotation_set, environment_set) AS facts FROM {{database}}.resource FINAL) GROUP BY kind, id)' INVALIDATE_QUERY 'SELECT count(), max(version) FROM {{database}}.resource'))
LAYOUT(HASHED_ARRAY())
LIFETIME(MIN 5 MAX 10);

-- The same as of the time of an event.
CREATE OR REPLACE DICTIONARY resource_at (
  key UInt64,
  valid_from DateTime64(9, 'UTC'),
  valid_until DateTime64(9, 'UTC'),
  name String,
  uid String,
  type String,
  label_set UInt128,
  annotation_set UInt128,
  environment_set UInt128
)
PRIMARY KEY key
SOURCE(CLICKHOUSE(QUERY 'SELECT bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id))) AS key, valid_from, if(toUnixTimestamp64Nano(valid_to) = 0, fromUnixTimestamp64Nano(9223372036000000000, \'UTC\'), fromUnixTimestamp64Nano(toUnixTimestamp64Nano(valid_to) - 1, \'UTC\')) AS valid_until, name, uid, toString(type) AS type, label_set, annotation_set, environment_set FROM {{database}}.resource FINAL' INVALIDATE_QUERY 'SELECT count(), max(version) FROM {{database}}.resource'))
LAYOUT(RANGE_HASHED(range_lookup_strategy 'max'))
RANGE(MIN valid_from MAX valid_until)
LIFETIME(MIN 5 MAX 10);

-- What a set has under a key: labels, annotations and environment alike. Of a long value the beginning; the table has it
-- whole.
CREATE OR REPLACE DICTIONARY resource_value (
  set UInt128,
  key String,
  value String
)
PRIMARY KEY set, key
SOURCE(CLICKHOUSE(QUERY 'SELECT set, key, if(length(value) > 4096, substringUTF8(value, 1, 1024), value) AS value FROM (SELECT label_set AS set, any(labels) AS map FROM {{database}}.resource WHERE label_set != 0 GROUP BY set UNION ALL SELECT annotation_set AS set, any(annotations) AS map FROM {{database}}.resource WHERE annotation_set != 0 GROUP BY set UNION ALL SELECT environment_set AS set, any(environment) AS map FROM {{database}}.resource WHERE environment_set != 0 GROUP BY set) ARRAY JOIN mapKeys(map) AS key, mapValues(map) AS value' INVALIDATE_QUERY 'SELECT count(), max(version) FROM {{database}}.resource'))
LAYOUT(COMPLEX_KEY_SPARSE_HASHED())
LIFETIME(MIN 5 MAX 10);
