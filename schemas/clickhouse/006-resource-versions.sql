-- Resources have versions, types, networks, ports and hardware addresses; their names, types, labels, annotations and
-- environment are read through dictionaries, as they are now and as they were at the time of an event.
--
-- A map of labels is known by the hash of its content, its set: pods of one workload mostly share theirs, so that the
-- dictionary of values has an entry for each label of a set and not of a pod. 128 bits, as uniqExact takes them for exact.
ALTER TABLE resource
  MODIFY COLUMN kind Enum8('unknown' = 0, 'region' = 1, 'zone' = 2, 'vpc' = 3, 'subnet' = 4, 'host' = 5, 'instance' = 6, 'cluster' = 7, 'node' = 8, 'namespace' = 9, 'workload' = 10, 'pod' = 11, 'service' = 12, 'process' = 13, 'internet' = 14, 'address' = 15, 'network_interface' = 16, 'nat_gateway' = 17, 'load_balancer' = 18, 'database' = 19, 'ingress' = 20),
  MODIFY COLUMN parents Array(Tuple(
    kind Enum8('unknown' = 0, 'region' = 1, 'zone' = 2, 'vpc' = 3, 'subnet' = 4, 'host' = 5, 'instance' = 6, 'cluster' = 7, 'node' = 8, 'namespace' = 9, 'workload' = 10, 'pod' = 11, 'service' = 12, 'process' = 13, 'internet' = 14, 'address' = 15, 'network_interface' = 16, 'nat_gateway' = 17, 'load_balancer' = 18, 'database' = 19, 'ingress' = 20),
    id Int32)),
  ADD COLUMN IF NOT EXISTS type LowCardinality(String) AFTER name,
  ADD COLUMN IF NOT EXISTS parent_uids Array(String) AFTER parents,
  ADD COLUMN IF NOT EXISTS networks Array(Tuple(address IPv6, prefix_length Int32)) AFTER addresses,
  ADD COLUMN IF NOT EXISTS ports Array(Tuple(
    transport Enum8('unknown' = 0, 'tcp' = 1, 'udp' = 2, 'unix' = 3),
    port Int32,
    target_port Int32,
    node_port Int32)) AFTER networks,
  ADD COLUMN IF NOT EXISTS mac_addresses Array(String) AFTER ports,
  ADD COLUMN IF NOT EXISTS label_set UInt128 MATERIALIZED if(empty(labels), 0, reinterpretAsUInt128(sipHash128(mapKeys(labels), mapValues(labels)))),
  ADD COLUMN IF NOT EXISTS annotation_set UInt128 MATERIALIZED if(empty(annotations), 0, reinterpretAsUInt128(sipHash128(mapKeys(annotations), mapValues(annotations)))),
  ADD COLUMN IF NOT EXISTS environment_set UInt128 MATERIALIZED if(empty(environment), 0, reinterpretAsUInt128(sipHash128(mapKeys(environment), mapValues(environment))));

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

-- Dense ids take as many bits as the largest of them has; ids of hosts and processes are hashes, few of them in a part.
ALTER TABLE spans
  MODIFY COLUMN client_port Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_region_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_zone_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_vpc_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_subnet_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_instance_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_cluster_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_node_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_namespace_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_workload_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_pod_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_service_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_auto_instance_type Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_auto_service_type Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_resolution Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_port Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_region_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_zone_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_vpc_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_subnet_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_instance_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_cluster_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_node_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_namespace_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_workload_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_pod_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_service_id Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_auto_instance_type Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_auto_service_type Int32 CODEC(T64, LZ4),
  MODIFY COLUMN server_resolution Int32 CODEC(T64, LZ4),
  MODIFY COLUMN service_type Int32 CODEC(T64, LZ4),
  MODIFY COLUMN call_client_type Int32 CODEC(T64, LZ4),
  MODIFY COLUMN call_server_type Int32 CODEC(T64, LZ4),
  MODIFY COLUMN client_host_id Int32 CODEC(ZSTD(1)),
  MODIFY COLUMN client_process_resource_id Int32 CODEC(ZSTD(1)),
  MODIFY COLUMN client_auto_instance_id Int32 CODEC(ZSTD(1)),
  MODIFY COLUMN client_auto_service_id Int32 CODEC(ZSTD(1)),
  MODIFY COLUMN server_host_id Int32 CODEC(ZSTD(1)),
  MODIFY COLUMN server_process_resource_id Int32 CODEC(ZSTD(1)),
  MODIFY COLUMN server_auto_instance_id Int32 CODEC(ZSTD(1)),
  MODIFY COLUMN server_auto_service_id Int32 CODEC(ZSTD(1)),
  MODIFY COLUMN service_id Int32 CODEC(ZSTD(1)),
  MODIFY COLUMN call_client_id Int32 CODEC(ZSTD(1)),
  MODIFY COLUMN call_server_id Int32 CODEC(ZSTD(1));

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

-- Spans with the names of their tags as of the event, and with client and server as label(key, side) takes them. A
-- condition on a name reads the column of its ids and start_time only.
CREATE OR REPLACE VIEW spans_named AS
WITH
  (kind, id, time) -> if(dictGet('{{database}}.resource_now', 'changes', bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id)))) = 1
      AND dictHas('{{database}}.resource_at', bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id))), time),
    dictGet('{{database}}.resource_at', 'name', bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id))), time),
    dictGet('{{database}}.resource_now', 'name', bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id))))) AS name_of
SELECT
  *,
  name_of(service_type, service_id, start_time) AS seen_service,
  name_of(1, client_region_id, start_time) AS client_region,
  name_of(2, client_zone_id, start_time) AS client_zone,
  name_of(3, client_vpc_id, start_time) AS client_vpc,
  name_of(4, client_subnet_id, start_time) AS client_subnet,
  name_of(5, client_host_id, start_time) AS client_host,
  name_of(6, client_instance_id, start_time) AS client_instance,
  name_of(7, client_cluster_id, start_time) AS client_cluster,
  name_of(8, client_node_id, start_time) AS client_node,
  name_of(9, client_namespace_id, start_time) AS client_namespace,
  name_of(10, client_workload_id, start_time) AS client_workload,
  name_of(11, client_pod_id, start_time) AS client_pod,
  name_of(12, client_service_id, start_time) AS client_service,
  name_of(13, client_process_resource_id, start_time) AS client_process,
  name_of(client_auto_instance_type, client_auto_instance_id, start_time) AS client_auto_instance,
  name_of(client_auto_service_type, client_auto_service_id, start_time) AS client_auto_service,
  name_of(1, server_region_id, start_time) AS server_region,
  name_of(2, server_zone_id, start_time) AS server_zone,
  name_of(3, server_vpc_id, start_time) AS server_vpc,
  name_of(4, server_subnet_id, start_time) AS server_subnet,
  name_of(5, server_host_id, start_time) AS server_host,
  name_of(6, server_instance_id, start_time) AS server_instance,
  name_of(7, server_cluster_id, start_time) AS server_cluster,
  name_of(8, server_node_id, start_time) AS server_node,
  name_of(9, server_namespace_id, start_time) AS server_namespace,
  name_of(10, server_workload_id, start_time) AS server_workload,
  name_of(11, server_pod_id, start_time) AS server_pod,
  name_of(12, server_service_id, start_time) AS server_service,
  name_of(13, server_process_resource_id, start_time) AS server_process,
  name_of(server_auto_instance_type, server_auto_instance_id, start_time) AS server_auto_instance,
  name_of(server_auto_service_type, server_auto_service_id, start_time) AS server_auto_service,
  CAST((start_time, client_pod_id, client_workload_id, client_service_id, client_namespace_id, client_process_resource_id, client_node_id, client_instance_id, client_host_id, client_cluster_id), 'Tuple(time DateTime64(9, \'UTC\'), pod Int32, workload Int32, service Int32, namespace Int32, process Int32, node Int32, instance Int32, host Int32, cluster Int32)') AS client,
  CAST((start_time, server_pod_id, server_workload_id, server_service_id, server_namespace_id, server_process_resource_id, server_node_id, server_instance_id, server_host_id, server_cluster_id), 'Tuple(time DateTime64(9, \'UTC\'), pod Int32, workload Int32, service Int32, namespace Int32, process Int32, node Int32, instance Int32, host Int32, cluster Int32)') AS server
FROM spans FINAL;

CREATE OR REPLACE VIEW service_edge AS
WITH
  (kind, id) -> dictGet('{{database}}.resource_now', 'name', bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id)))) AS name_of
SELECT
  toStartOfMinute(start_time) AS minute,
  call_client_type AS client_type,
  call_client_id AS client_id,
  name_of(call_client_type, call_client_id) AS client_name,
  call_server_type AS server_type,
  call_server_id AS server_id,
  name_of(call_server_type, call_server_id) AS server_name,
  protocol,
  count() AS calls,
  countIf(status IN ('client_error', 'server_error', 'timeout', 'closed')) AS errors,
  countIf(status = 'server_error') AS server_errors,
  countIf(status = 'timeout') AS timeouts,
  sum(duration_ns) AS duration_sum_ns,
  max(duration_ns) AS duration_max_ns,
  quantilesTDigest(0.5, 0.9, 0.99)(duration_ns) AS duration_quantiles_ns,
  sum(request_bytes) AS request_bytes_sum,
  sum(response_bytes) AS response_bytes_sum
FROM spans FINAL
WHERE is_call
GROUP BY minute, client_type, client_id, server_type, server_id, protocol;

-- Status and attributes by the semantic conventions: Ok is for an application to say; the path template is ours and no
-- route of the application; a workload goes by what it is.
CREATE OR REPLACE VIEW otel_traces AS
WITH
  (kind, id) -> bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id))) AS key_of,
  (kind, id, time) -> if(dictGet('{{database}}.resource_now', 'changes', key_of(kind, id)) = 1
      AND dictHas('{{database}}.resource_at', key_of(kind, id), time),
    dictGet('{{database}}.resource_at', 'name', key_of(kind, id), time),
    dictGet('{{database}}.resource_now', 'name', key_of(kind, id))) AS name_at,
  startsWith(observation_point, 'c') AS is_client,
  protocol IN ('redis', 'mysql', 'postgresql') AS is_database,
  -- What the server was right to refuse is an error for the client only.
  status IN ('server_error', 'timeout', 'closed') OR (is_client AND status = 'client_error') AS is_error,
  if(is_client, client_workload_id, server_workload_id) AS workload_id,
  lower(dictGet('{{database}}.resource_now', 'type', key_of(10, workload_id))) AS workload_type,
  position(request_resource, '?') AS query_position,
  if(client_address = toIPv6('::'), '', replaceRegexpOne(toString(client_address), '^::ffff:(\\d+\\.)', '\\1')) AS client_text,
  if(server_address = toIPv6('::'), '', replaceRegexpOne(toString(server_address), '^::ffff:(\\d+\\.)', '\\1')) AS server_text
SELECT
  start_time AS Timestamp,
  lower(hex(trace_id)) AS TraceId,
  lower(hex(span_id)) AS SpanId,
  if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))) AS ParentSpanId,
  '' AS TraceState,
  toLowCardinality(trimBoth(concat(
    if(request_type = '' AND endpoint = '', toString(protocol), request_type), ' ', endpoint))) AS SpanName,
  toLowCardinality(multiIf(is_client, 'Client', startsWith(observation_point, 's'), 'Server', 'Internal')) AS SpanKind,
  toLowCardinality(coalesce(nullIf(name_at(service_type, service_id, start_time), ''), nullIf(process_name, ''), 'unknown')) AS ServiceName,
  mapFilter((key, value) -> value != '', map(
    'service.name', toString(ServiceName),
    'host.name', name_at(5, if(is_client, client_host_id, server_host_id), start_time),
    'process.pid', if(process_id = 0, '', toString(process_id)),
    'process.executable.name', toString(process_name),
    'cloud.provider', extract(dictGet('{{database}}.resource_now', 'uid', key_of(1, if(is_client, client_region_id, server_region_id))), '^(aws|gcp|azure|alibaba_cloud|ibm_cloud|oracle_cloud|tencent_cloud):'),
    'cloud.region', name_at(1, if(is_client, client_region_id, server_region_id), start_time),
    'cloud.availability_zone', name_at(2, if(is_client, client_zone_id, server_zone_id), start_time),
    'k8s.cluster.name', name_at(7, if(is_client, client_cluster_id, server_cluster_id), start_time),
    'k8s.node.name', name_at(8, if(is_client, client_node_id, server_node_id), start_time),
    'k8s.namespace.name', name_at(9, if(is_client, client_namespace_id, server_namespace_id), start_time),
    'k8s.pod.name', name_at(11, if(is_client, client_pod_id, server_pod_id), start_time),
    'k8s.pod.uid', dictGet('{{database}}.resource_now', 'uid', key_of(11, if(is_client, client_pod_id, server_pod_id))),
    'k8s.service.name', name_at(12, if(is_client, client_service_id, server_service_id), start_time),
    'spanloom.agent.id', toString(agent_id),
    if(workload_type IN ('deployment', 'statefulset', 'daemonset', 'replicaset', 'job', 'cronjob'), concat('k8s.', workload_type, '.name'), 'spanloom.workload.name'), name_at(10, workload_id, start_time)
  ))::Map(LowCardinality(String), String) AS ResourceAttributes,
  'spanloom' AS ScopeName,
  '' AS ScopeVersion,
  mapFilter((key, value) -> value != '', map(
    'network.transport', if(transport = 'unknown', '', toString(transport)),
    'network.protocol.name', multiIf(protocol = 'unknown', '', protocol = 'http1', 'http', toString(protocol)),
    'network.protocol.version', toString(protocol_version),
    'client.address', client_text,
    'client.port', if(client_port = 0, '', toString(client_port)),
    'server.address', server_text,
    'server.port', if(server_port = 0, '', toString(server_port)),
    'error.type', multiIf(NOT is_error, '', status IN ('timeout', 'closed'), toString(status), response_code != 0, toString(response_code), toString(status)),
    'http.request.method', if(protocol = 'http1', toString(request_type), ''),
    'http.response.status_code', if(protocol = 'http1' AND response_code != 0, toString(response_code), ''),
    'url.template', if(protocol = 'http1', toString(endpoint), ''),
    'url.scheme', if(protocol = 'http1', if(is_tls, 'https', 'http'), ''),
    'url.path', if(protocol = 'http1', if(query_position = 0, request_resource, substring(request_resource, 1, query_position - 1)), ''),
    'url.query', if(protocol = 'http1' AND query_position > 0, substring(request_resource, query_position + 1), ''),
    'user_agent.original', toString(user_agent),
    'db.system.name', if(is_database, toString(protocol), ''),
    'db.namespace', if(is_database, toString(request_domain), ''),
    'db.operation.name', if(is_database, toString(request_type), ''),
    'db.query.text', if(is_database, request_resource, ''),
    'db.query.summary', if(is_database, toString(endpoint), ''),
    'db.response.status_code', if(is_database AND response_code != 0, toString(response_code), ''),
    'dns.question.name', if(protocol = 'dns', coalesce(nullIf(request_resource, ''), toString(request_domain)), ''),
    'dns.answers', if(protocol = 'dns', response_result, ''),
    'spanloom.observation_point', toString(observation_point),
    'spanloom.reason', toString(reason),
    'spanloom.confidence', toString(confidence),
    'spanloom.revision', toString(revision),
    'spanloom.status', toString(status),
    'spanloom.signal_source', toString(signal_source),
    'spanloom.request.type', toString(request_type),
    'spanloom.request.domain', toString(request_domain),
    'spanloom.request.bytes', toString(request_bytes),
    'spanloom.response.bytes', toString(response_bytes),
    'spanloom.response.result', response_result,
    'spanloom.header.trace_id', header_trace_id,
    'spanloom.header.span_id', header_span_id,
    'spanloom.x_request_id', coalesce(nullIf(x_request_id_request, ''), x_request_id_response),
    'spanloom.forwarded_for', forwarded_for,
    'spanloom.client.service.name', name_at(call_client_type, call_client_id, start_time),
    'spanloom.server.service.name', name_at(call_server_type, call_server_id, start_time)
  ))::Map(LowCardinality(String), String) AS SpanAttributes,
  toUInt64(greatest(duration_ns, 0)) AS Duration,
  toLowCardinality(if(is_error, 'Error', 'Unset')) AS StatusCode,
  response_exception AS StatusMessage,
  CAST([] AS Array(DateTime64(9))) AS `Events.Timestamp`,
  CAST([] AS Array(LowCardinality(String))) AS `Events.Name`,
  CAST([] AS Array(Map(LowCardinality(String), String))) AS `Events.Attributes`,
  CAST([] AS Array(String)) AS `Links.TraceId`,
  CAST([] AS Array(String)) AS `Links.SpanId`,
  CAST([] AS Array(String)) AS `Links.TraceState`,
  CAST([] AS Array(Map(LowCardinality(String), String))) AS `Links.Attributes`
FROM spans FINAL;
