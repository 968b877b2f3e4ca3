-- Functions are the server's, not the database's: they read the dictionaries of the database of whoever calls them.
CREATE OR REPLACE FUNCTION resource_key AS (kind, id) ->
  bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id)));

-- name: of the columns of resource_now. Where no version holds at that time, the latest one does.
CREATE OR REPLACE FUNCTION resource_name AS (kind, id, time) ->
  if(dictGet('resource_now', 'changes', resource_key(kind, id)) = 1
      AND dictHas('resource_at', resource_key(kind, id), time),
    dictGet('resource_at', 'name', resource_key(kind, id), time),
    dictGet('resource_now', 'name', resource_key(kind, id)));

CREATE OR REPLACE FUNCTION resource_label AS (name, kind, id, time) ->
  dictGet('resource_value', 'value', (
    if(dictGet('resource_now', 'changes', resource_key(kind, id)) = 1
        AND dictHas('resource_at', resource_key(kind, id), time),
      dictGet('resource_at', 'label_set', resource_key(kind, id), time),
      dictGet('resource_now', 'label_set', resource_key(kind, id))),
    toString(name)));

CREATE OR REPLACE FUNCTION resource_annotation AS (name, kind, id, time) ->
  dictGet('resource_value', 'value', (
    if(dictGet('resource_now', 'changes', resource_key(kind, id)) = 1
        AND dictHas('resource_at', resource_key(kind, id), time),
      dictGet('resource_at', 'annotation_set', resource_key(kind, id), time),
      dictGet('resource_now', 'annotation_set', resource_key(kind, id))),
    toString(name)));

CREATE OR REPLACE FUNCTION resource_environment AS (name, kind, id, time) ->
  dictGet('resource_value', 'value', (
    if(dictGet('resource_now', 'changes', resource_key(kind, id)) = 1
        AND dictHas('resource_at', resource_key(kind, id), time),
      dictGet('resource_at', 'environment_set', resource_key(kind, id), time),
      dictGet('resource_now', 'environment_set', resource_key(kind, id))),
    toString(name)));

-- Conditions as ids: what passes is known before a span is read. Any id that ever had the name.
-- Arguments must not be called like columns of resource.
CREATE OR REPLACE FUNCTION is_named AS (wanted_kind, given_id, wanted_name) ->
  given_id IN (SELECT id FROM resource FINAL WHERE kind = wanted_kind AND name = wanted_name);

-- Durations out of sums: durations has the numbers of calls by logarithmic steps, as in call_minute. The middle of the step in which
-- the call is that has this share of the calls below it; 0 where there are none.
CREATE OR REPLACE FUNCTION duration_quantiles AS (levels, durations) ->
  arrayMap(level -> toFloat64(if(arraySum(durations) = 0, 0,
    1024 * exp2((arrayFirstIndex(sum -> sum >= level * arraySum(durations), arrayCumSum(durations)) - 0.5) / 4))), levels);
