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

-- Until views, functions and dictionaries moved to derived/, the checksum of this file was:
-- formerly 9d72c5f08d22d6e13e4b94b1429f5e2f8b1de7299a85e588d36d7e9993b7df7a
