// Generated from schemas/avro/ by `npm run generate`; see schemas/generate/rows.ts. Do not edit.
import type { RowColumn } from '../../core/clickhouse/clickhouse.ts';
import type { AvroReader } from '../../schemas/avro-reader.ts';
import { closeTypeSymbols, transportSymbols, tunnelTypeSymbols } from '../../schemas/generated/event-batch.ts';
import { copyAddress, copyEnum, copyInts, copyLong, copyLongs, copyString } from '../avro-copy.ts';
import type { RowBinaryWriter } from '../row-binary-writer.ts';

/** Columns that a Flow fills, in the order of its fields. */
export const flowFieldColumns: readonly RowColumn[] = [
  { name: 'flow_id', type: "Int64" },
  { name: 'start_time', type: "DateTime64(9, 'UTC')" },
  { name: 'duration_ns', type: "Int64" },
  { name: 'observation_point', type: "String" },
  { name: 'network_namespace', type: "Int64" },
  { name: 'interface_name', type: "String" },
  { name: 'transport', type: "Int8" },
  { name: 'tunnels', type: "Array(Tuple(Int8, Int64, IPv6, IPv6))" },
  { name: 'is_role_known', type: "Bool" },
  { name: 'metrics_client_packets', type: "Int64" },
  { name: 'metrics_client_bytes', type: "Int64" },
  { name: 'metrics_client_payload_bytes', type: "Int64" },
  { name: 'metrics_client_retransmissions', type: "Int64" },
  { name: 'metrics_client_spurious_retransmissions', type: "Int64" },
  { name: 'metrics_client_syn_retransmissions', type: "Int64" },
  { name: 'metrics_client_out_of_order', type: "Int64" },
  { name: 'metrics_client_duplicate_acks', type: "Int64" },
  { name: 'metrics_client_zero_windows', type: "Int64" },
  { name: 'metrics_client_resets', type: "Int64" },
  { name: 'metrics_client_conflicts', type: "Int64" },
  { name: 'metrics_client_missed_bytes', type: "Int64" },
  { name: 'metrics_client_acknowledgment_count', type: "Int64" },
  { name: 'metrics_client_acknowledgment_sum_ns', type: "Int64" },
  { name: 'metrics_client_acknowledgment_max_ns', type: "Int64" },
  { name: 'metrics_server_packets', type: "Int64" },
  { name: 'metrics_server_bytes', type: "Int64" },
  { name: 'metrics_server_payload_bytes', type: "Int64" },
  { name: 'metrics_server_retransmissions', type: "Int64" },
  { name: 'metrics_server_spurious_retransmissions', type: "Int64" },
  { name: 'metrics_server_syn_retransmissions', type: "Int64" },
  { name: 'metrics_server_out_of_order', type: "Int64" },
  { name: 'metrics_server_duplicate_acks', type: "Int64" },
  { name: 'metrics_server_zero_windows', type: "Int64" },
  { name: 'metrics_server_resets', type: "Int64" },
  { name: 'metrics_server_conflicts', type: "Int64" },
  { name: 'metrics_server_missed_bytes', type: "Int64" },
  { name: 'metrics_server_acknowledgment_count', type: "Int64" },
  { name: 'metrics_server_acknowledgment_sum_ns', type: "Int64" },
  { name: 'metrics_server_acknowledgment_max_ns', type: "Int64" },
  { name: 'metrics_server_handshake_ns', type: "Int64" },
  { name: 'metrics_client_handshake_ns', type: "Int64" },
  { name: 'metrics_response_count', type: "Int64" },
  { name: 'metrics_response_sum_ns', type: "Int64" },
  { name: 'metrics_response_max_ns', type: "Int64" },
  { name: 'metrics_client_idle_count', type: "Int64" },
  { name: 'metrics_client_idle_sum_ns', type: "Int64" },
  { name: 'metrics_client_idle_max_ns', type: "Int64" },
  { name: 'metrics_is_opened', type: "Bool" },
  { name: 'metrics_is_open', type: "Bool" },
  { name: 'metrics_close_type', type: "Int8" },
  { name: 'client_address', type: "IPv6" },
  { name: 'client_port', type: "Int32" },
  { name: 'client_region_id', type: "Int32" },
  { name: 'client_zone_id', type: "Int32" },
  { name: 'client_vpc_id', type: "Int32" },
  { name: 'client_subnet_id', type: "Int32" },
  { name: 'client_host_id', type: "Int32" },
  { name: 'client_instance_id', type: "Int32" },
  { name: 'client_cluster_id', type: "Int32" },
  { name: 'client_node_id', type: "Int32" },
  { name: 'client_namespace_id', type: "Int32" },
  { name: 'client_workload_id', type: "Int32" },
  { name: 'client_pod_id', type: "Int32" },
  { name: 'client_service_id', type: "Int32" },
  { name: 'client_process_resource_id', type: "Int32" },
  { name: 'client_auto_instance_id', type: "Int32" },
  { name: 'client_auto_instance_type', type: "Int32" },
  { name: 'client_auto_service_id', type: "Int32" },
  { name: 'client_auto_service_type', type: "Int32" },
  { name: 'client_resolution', type: "Int32" },
  { name: 'server_address', type: "IPv6" },
  { name: 'server_port', type: "Int32" },
  { name: 'server_region_id', type: "Int32" },
  { name: 'server_zone_id', type: "Int32" },
  { name: 'server_vpc_id', type: "Int32" },
  { name: 'server_subnet_id', type: "Int32" },
  { name: 'server_host_id', type: "Int32" },
  { name: 'server_instance_id', type: "Int32" },
  { name: 'server_cluster_id', type: "Int32" },
  { name: 'server_node_id', type: "Int32" },
  { name: 'server_namespace_id', type: "Int32" },
  { name: 'server_workload_id', type: "Int32" },
  { name: 'server_pod_id', type: "Int32" },
  { name: 'server_service_id', type: "Int32" },
  { name: 'server_process_resource_id', type: "Int32" },
  { name: 'server_auto_instance_id', type: "Int32" },
  { name: 'server_auto_instance_type', type: "Int32" },
  { name: 'server_auto_service_id', type: "Int32" },
  { name: 'server_auto_service_type', type: "Int32" },
  { name: 'server_resolution', type: "Int32" },
];

/** Values of the Flow that was copied last, and where parts of it are: `…At` in the Avro bytes, `…InRow` in the writer's. */
export class FlowMarks {
  startTimeNsInRow = 0;
}

/** Reads one Flow and writes its columns. Throws AvroDecodeError on bytes that are none, or ids that are not hexadecimal. */
export function copyFlow(reader: AvroReader, writer: RowBinaryWriter, marks: FlowMarks): void {
  copyLong(reader, writer);
  marks.startTimeNsInRow = writer.length;
  copyLongs(reader, writer, 2);
  copyString(reader, writer);
  copyLong(reader, writer);
  copyString(reader, writer);
  copyEnum(reader, writer, transportSymbols.length);
  copyTunnels(reader, writer);
  writer.writeBoolean(reader.readBoolean());
  copyLongs(reader, writer, 38);
  writer.writeBoolean(reader.readBoolean());
  writer.writeBoolean(reader.readBoolean());
  copyEnum(reader, writer, closeTypeSymbols.length);
  copyAddress(reader, writer);
  copyInts(reader, writer, 19);
  copyAddress(reader, writer);
  copyInts(reader, writer, 19);
}

function copyTunnels(reader: AvroReader, writer: RowBinaryWriter): void {
const first = reader.readBlockCount();
if (first === 0) {
writer.writeLength(0);
return;
}
const start = reader.position;
let total = 0;
for (let count = first; count > 0; count = reader.readBlockCount()) {
total += count;
for (let index = 0; index < count; index++) {
reader.readEnum(tunnelTypeSymbols);
reader.readLong();
reader.skipBytes();
reader.skipBytes();
}
}
reader.position = start;
writer.writeLength(total);
for (let count = first; count > 0; count = reader.readBlockCount()) {
for (let index = 0; index < count; index++) {
copyEnum(reader, writer, tunnelTypeSymbols.length);
copyLong(reader, writer);
copyAddress(reader, writer);
copyAddress(reader, writer);
}
}
}
