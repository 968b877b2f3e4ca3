-- Generated from schemas/tags.ts by `npm run generate`. Do not edit.

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

-- As ids: what passes is known before a span is read; the label is checked as of the event. Arguments must not be called
-- like columns of resource.

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
