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

-- Of one side of a span of spans_named, client or server: the nearest resource that has it.

CREATE OR REPLACE FUNCTION label AS (name, side) ->
  coalesce(nullIf(resource_label(name, 11, side.pod, side.time), ''),
    nullIf(resource_label(name, 10, side.workload, side.time), ''),
    nullIf(resource_label(name, 12, side.service, side.time), ''),
    nullIf(resource_label(name, 9, side.namespace, side.time), ''),
    nullIf(resource_label(name, 13, side.process, side.time), ''),
    nullIf(resource_label(name, 8, side.node, side.time), ''),
    nullIf(resource_label(name, 6, side.instance, side.time), ''),
    nullIf(resource_label(name, 5, side.host, side.time), ''),
    nullIf(resource_label(name, 7, side.cluster, side.time), ''),
    '');

CREATE OR REPLACE FUNCTION annotation AS (name, side) ->
  coalesce(nullIf(resource_annotation(name, 11, side.pod, side.time), ''),
    nullIf(resource_annotation(name, 10, side.workload, side.time), ''),
    nullIf(resource_annotation(name, 12, side.service, side.time), ''),
    nullIf(resource_annotation(name, 9, side.namespace, side.time), ''),
    nullIf(resource_annotation(name, 13, side.process, side.time), ''),
    nullIf(resource_annotation(name, 8, side.node, side.time), ''),
    nullIf(resource_annotation(name, 6, side.instance, side.time), ''),
    nullIf(resource_annotation(name, 5, side.host, side.time), ''),
    nullIf(resource_annotation(name, 7, side.cluster, side.time), ''),
    '');

CREATE OR REPLACE FUNCTION environment AS (name, side) ->
  coalesce(nullIf(resource_environment(name, 11, side.pod, side.time), ''),
    nullIf(resource_environment(name, 10, side.workload, side.time), ''),
    nullIf(resource_environment(name, 12, side.service, side.time), ''),
    nullIf(resource_environment(name, 9, side.namespace, side.time), ''),
    nullIf(resource_environment(name, 13, side.process, side.time), ''),
    nullIf(resource_environment(name, 8, side.node, side.time), ''),
    nullIf(resource_environment(name, 6, side.instance, side.time), ''),
    nullIf(resource_environment(name, 5, side.host, side.time), ''),
    nullIf(resource_environment(name, 7, side.cluster, side.time), ''),
    '');

-- Conditions as ids: what passes is known before a span is read. Any id that ever had the name; a label as of the event.
-- Arguments must not be called like columns of resource.
CREATE OR REPLACE FUNCTION is_named AS (wanted_kind, given_id, wanted_name) ->
  given_id IN (SELECT id FROM resource FINAL WHERE kind = wanted_kind AND name = wanted_name);

CREATE OR REPLACE FUNCTION has_label AS (wanted_key, wanted_text, side) ->
  (side.pod IN (SELECT id FROM resource FINAL WHERE kind = 'pod' AND labels[wanted_key] = wanted_text)
      OR side.workload IN (SELECT id FROM resource FINAL WHERE kind = 'workload' AND labels[wanted_key] = wanted_text)
      OR side.service IN (SELECT id FROM resource FINAL WHERE kind = 'service' AND labels[wanted_key] = wanted_text)
      OR side.namespace IN (SELECT id FROM resource FINAL WHERE kind = 'namespace' AND labels[wanted_key] = wanted_text)
      OR side.process IN (SELECT id FROM resource FINAL WHERE kind = 'process' AND labels[wanted_key] = wanted_text)
      OR side.node IN (SELECT id FROM resource FINAL WHERE kind = 'node' AND labels[wanted_key] = wanted_text)
      OR side.instance IN (SELECT id FROM resource FINAL WHERE kind = 'instance' AND labels[wanted_key] = wanted_text)
      OR side.host IN (SELECT id FROM resource FINAL WHERE kind = 'host' AND labels[wanted_key] = wanted_text)
      OR side.cluster IN (SELECT id FROM resource FINAL WHERE kind = 'cluster' AND labels[wanted_key] = wanted_text))
    AND label(wanted_key, side) = wanted_text;
