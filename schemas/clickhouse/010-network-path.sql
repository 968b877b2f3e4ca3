ALTER TABLE spans ADD COLUMN IF NOT EXISTS nat Array(Tuple(
  client_address IPv6, client_port Int32, server_address IPv6, server_port Int32)) AFTER likely_parents;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS flow_id Int64 AFTER socket_id;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS interface_name LowCardinality(String) AFTER flow_id;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS tunnels Array(Tuple(
  type Enum8('unknown' = 0, 'vxlan' = 1, 'vxlan_gpe' = 2, 'geneve' = 3, 'ipip' = 4, 'gre' = 5, 'teb' = 6, 'erspan1' = 7, 'erspan2' = 8, 'erspan3' = 9, 'mpls' = 10),
  id Int64, source IPv6, destination IPv6)) AFTER interface_name;
