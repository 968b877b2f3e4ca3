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
