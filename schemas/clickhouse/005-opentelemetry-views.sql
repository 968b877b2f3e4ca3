-- The shape of the OpenTelemetry Collector's ClickHouse exporter, so that readers made for it work unchanged. Attributes
-- follow the semantic conventions; what they have no name for, our evidence above all, is under spanloom.
CREATE VIEW IF NOT EXISTS otel_traces AS
WITH
  (type, id) -> dictGetOrDefault('{{database}}.resource_now', 'name', (type, id), '') AS name_of,
  startsWith(observation_point, 'c') AS is_client,
  protocol IN ('redis', 'mysql', 'postgresql') AS is_database,
  status IN ('client_error', 'server_error', 'timeout', 'closed') AS is_error,
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
  toLowCardinality(coalesce(nullIf(name_of(service_type, service_id), ''), nullIf(process_name, ''), 'unknown')) AS ServiceName,
  mapFilter((key, value) -> value != '', map(
    'service.name', toString(ServiceName),
    'host.name', name_of(5, if(is_client, client_host_id, server_host_id)),
    'process.pid', if(process_id = 0, '', toString(process_id)),
    'process.executable.name', toString(process_name),
    'cloud.region', name_of(1, if(is_client, client_region_id, server_region_id)),
    'cloud.availability_zone', name_of(2, if(is_client, client_zone_id, server_zone_id)),
    'k8s.cluster.name', name_of(7, if(is_client, client_cluster_id, server_cluster_id)),
    'k8s.node.name', name_of(8, if(is_client, client_node_id, server_node_id)),
    'k8s.namespace.name', name_of(9, if(is_client, client_namespace_id, server_namespace_id)),
    'k8s.pod.name', name_of(11, if(is_client, client_pod_id, server_pod_id)),
    'k8s.service.name', name_of(12, if(is_client, client_service_id, server_service_id)),
    'spanloom.agent.id', toString(agent_id),
    'spanloom.workload.name', name_of(10, if(is_client, client_workload_id, server_workload_id))
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
    'http.route', if(protocol = 'http1' AND NOT is_client, toString(endpoint), ''),
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
    'spanloom.client.service.name', name_of(call_client_type, call_client_id),
    'spanloom.server.service.name', name_of(call_server_type, call_server_id)
  ))::Map(LowCardinality(String), String) AS SpanAttributes,
  toUInt64(greatest(duration_ns, 0)) AS Duration,
  toLowCardinality(multiIf(is_error, 'Error', status = 'ok', 'Ok', 'Unset')) AS StatusCode,
  response_exception AS StatusMessage,
  CAST([] AS Array(DateTime64(9))) AS `Events.Timestamp`,
  CAST([] AS Array(LowCardinality(String))) AS `Events.Name`,
  CAST([] AS Array(Map(LowCardinality(String), String))) AS `Events.Attributes`,
  CAST([] AS Array(String)) AS `Links.TraceId`,
  CAST([] AS Array(String)) AS `Links.SpanId`,
  CAST([] AS Array(String)) AS `Links.TraceState`,
  CAST([] AS Array(Map(LowCardinality(String), String))) AS `Links.Attributes`
FROM spans FINAL;

-- Where in time a trace is: readers look here first.
CREATE VIEW IF NOT EXISTS otel_traces_trace_id_ts AS
SELECT
  lower(hex(trace_id)) AS TraceId,
  start_time AS Start,
  start_time + toIntervalNanosecond(duration_ns) AS End
FROM trace FINAL
WHERE merged_into = toFixedString('', 16);
