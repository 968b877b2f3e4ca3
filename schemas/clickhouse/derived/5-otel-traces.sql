-- The shape of the OpenTelemetry Collector's ClickHouse exporter, so that readers made for it work unchanged. Status and
-- attributes follow the semantic conventions (`Ok` is for an application to say; a workload goes by what it is); what they
-- have no name for, our evidence above all, is under spanloom.
--
-- TraceId is the W3C trace id where the trace carries exactly one, so that spans of applications and ours meet. Traces that
-- carry the same one are shown together: rows are added, none is replaced. Attribute spanloom.trace_id tells them apart.
CREATE OR REPLACE VIEW otel_traces AS
WITH
  (kind, id) -> bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id))) AS key_of,
  (kind, id, time) -> if(dictGet('{{database}}.resource_now', 'changes', key_of(kind, id)) = 1
      AND dictHas('{{database}}.resource_at', key_of(kind, id), time),
    dictGet('{{database}}.resource_at', 'name', key_of(kind, id), time),
    dictGet('{{database}}.resource_now', 'name', key_of(kind, id))) AS name_at,
  startsWith(observation_point, 'c') AS is_client,
  -- Which conventions a span follows: these three lines are written by `npm run generate` from protocols/protocols.ts.
  protocol IN ('http1', 'fastcgi') AS is_http,
  protocol IN ('redis', 'postgresql', 'mysql', 'memcached') AS is_database,
  protocol IN ('dns') AS is_dns,
  -- What the server was right to refuse is an error for the client only.
  status IN ('server_error', 'timeout', 'closed') OR (is_client AND status = 'client_error') AS is_error,
  if(is_client, client_workload_id, server_workload_id) AS workload_id,
  lower(dictGet('{{database}}.resource_now', 'type', key_of(10, workload_id))) AS workload_type,
  position(request_resource, '?') AS query_position,
  if(client_address = toIPv6('::'), '', replaceRegexpOne(toString(client_address), '^::ffff:(\\d+\\.)', '\\1')) AS client_text,
  if(server_address = toIPv6('::'), '', replaceRegexpOne(toString(server_address), '^::ffff:(\\d+\\.)', '\\1')) AS server_text
SELECT
  start_time AS Timestamp,
  lower(hex(otel_trace_id)) AS TraceId,
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
    'http.request.method', if(is_http, toString(request_type), ''),
    'http.response.status_code', if(is_http AND response_code != 0, toString(response_code), ''),
    'url.template', if(is_http, toString(endpoint), ''),
    'url.scheme', if(is_http, if(is_tls, 'https', 'http'), ''),
    'url.path', if(is_http, if(query_position = 0, request_resource, substring(request_resource, 1, query_position - 1)), ''),
    'url.query', if(is_http AND query_position > 0, substring(request_resource, query_position + 1), ''),
    'user_agent.original', toString(user_agent),
    'db.system.name', if(is_database, toString(protocol), ''),
    'db.namespace', if(is_database, toString(request_domain), ''),
    'db.operation.name', if(is_database, toString(request_type), ''),
    'db.query.text', if(is_database, request_resource, ''),
    'db.query.summary', if(is_database, toString(endpoint), ''),
    'db.response.status_code', if(is_database AND response_code != 0, toString(response_code), ''),
    'dns.question.name', if(is_dns, coalesce(nullIf(request_resource, ''), toString(request_domain)), ''),
    'dns.answers', if(is_dns, response_result, ''),
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
    'spanloom.time_to_first_byte_ns', if(time_to_first_byte_ns != 0, toString(time_to_first_byte_ns), ''),
    'spanloom.trace_id', lower(hex(trace_id)),
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

-- Where in time a trace is: readers look here first. There is a row for each of the traces that carry one id.
CREATE OR REPLACE VIEW otel_traces_trace_id_ts AS
SELECT
  lower(hex(otel_trace_id)) AS TraceId,
  start_time AS Start,
  start_time + toIntervalNanosecond(duration_ns) AS End
FROM trace FINAL
WHERE merged_into = toFixedString('', 16);
