// Generated from schemas/avro/ by `npm run generate`; see schemas/generate/rows.ts. Do not edit.
import type { RowColumn } from '../../core/clickhouse/clickhouse.ts';
import type { AvroReader } from '../../schemas/avro-reader.ts';
import { contextKindSymbols, transportSymbols, tunnelTypeSymbols } from '../../schemas/generated/event-batch.ts';
import { causeKindSymbols, protocolSymbols, reasonSymbols, signalSourceSymbols, spanStatusSymbols } from '../../schemas/generated/span.ts';
import { copyAddress, copyEnum, copyHex, copyInt, copyInts, copyLong, copyLongs, copyString } from '../avro-copy.ts';
import type { RowBinaryWriter } from '../row-binary-writer.ts';

/** Columns that a Span fills, in the order of its fields. */
export const spanFieldColumns: readonly RowColumn[] = [
  { name: 'parent_span_id', type: "FixedString(8)" },
  { name: 'reason', type: "Int8" },
  { name: 'confidence', type: "Float64" },
  { name: 'likely_parents', type: "Array(Tuple(FixedString(8), Int64, Int8, Float64))" },
  { name: 'nat', type: "Array(Tuple(IPv6, Int32, IPv6, Int32))" },
  { name: 'span_id', type: "FixedString(8)" },
  { name: 'agent_id', type: "Int64" },
  { name: 'observation_point', type: "String" },
  { name: 'signal_source', type: "Int8" },
  { name: 'start_time', type: "DateTime64(9, 'UTC')" },
  { name: 'duration_ns', type: "Int64" },
  { name: 'status', type: "Int8" },
  { name: 'protocol', type: "Int8" },
  { name: 'protocol_version', type: "String" },
  { name: 'is_tls', type: "Bool" },
  { name: 'transport', type: "Int8" },
  { name: 'network_namespace', type: "Int64" },
  { name: 'socket_id', type: "Int64" },
  { name: 'flow_id', type: "Int64" },
  { name: 'interface_name', type: "String" },
  { name: 'tunnels', type: "Array(Tuple(Int8, Int64, IPv6, IPv6))" },
  { name: 'request_event_id', type: "Int64" },
  { name: 'response_event_id', type: "Int64" },
  { name: 'request_tcp_sequence', type: "Int64" },
  { name: 'response_tcp_sequence', type: "Int64" },
  { name: 'request_type', type: "String" },
  { name: 'request_domain', type: "String" },
  { name: 'request_resource', type: "String" },
  { name: 'endpoint', type: "String" },
  { name: 'request_id', type: "Int64" },
  { name: 'response_code', type: "Int32" },
  { name: 'response_exception', type: "String" },
  { name: 'response_result', type: "String" },
  { name: 'request_bytes', type: "Int64" },
  { name: 'response_bytes', type: "Int64" },
  { name: 'header_trace_id', type: "String" },
  { name: 'header_span_id', type: "String" },
  { name: 'x_request_id_request', type: "String" },
  { name: 'x_request_id_response', type: "String" },
  { name: 'forwarded_for', type: "String" },
  { name: 'user_agent', type: "String" },
  { name: 'process_id', type: "Int32" },
  { name: 'process_name', type: "String" },
  { name: 'context_kind', type: "Int8" },
  { name: 'request_context_id', type: "Int64" },
  { name: 'response_context_id', type: "Int64" },
  { name: 'request_thread_id', type: "Int32" },
  { name: 'response_thread_id', type: "Int32" },
  { name: 'causes', type: "Array(Tuple(Int8, FixedString(8), Int8, Float64, Bool))" },
  { name: 'time_to_first_byte_ns', type: "Int64" },
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

/** Values of the Span that was copied last, and where parts of it are: `…At` in the Avro bytes, `…InRow` in the writer's. */
export class SpanMarks {
  parentSpanIdAt = 0;
  parentSpanIdInRow = 0;
  reason = 0;
  spanIdInRow = 0;
  observationPointAt = 0;
  signalSource = 0;
  startTimeNsInRow = 0;
  status = 0;
  protocol = 0;
  requestTypeAt = 0;
  endpointAt = 0;
  responseCode = 0;
  processNameAt = 0;
  otlpAt = 0;
  clientPortInRow = 0;
  serverPortInRow = 0;
}

/** Reads one Span and writes its columns. Throws AvroDecodeError on bytes that are none, or ids that are not hexadecimal. */
export function copySpan(reader: AvroReader, writer: RowBinaryWriter, marks: SpanMarks): void {
  marks.parentSpanIdAt = reader.position;
  marks.parentSpanIdInRow = writer.length;
  copyHex(reader, writer, 8, true);
  marks.reason = copyEnum(reader, writer, reasonSymbols.length);
  writer.writeFloat64(reader.readDouble());
  copyLikelyParents(reader, writer);
  copyNat(reader, writer);
  marks.spanIdInRow = writer.length;
  copyHex(reader, writer, 8, false);
  copyLong(reader, writer);
  marks.observationPointAt = reader.position;
  copyString(reader, writer);
  marks.signalSource = copyEnum(reader, writer, signalSourceSymbols.length);
  marks.startTimeNsInRow = writer.length;
  copyLongs(reader, writer, 2);
  marks.status = copyEnum(reader, writer, spanStatusSymbols.length);
  marks.protocol = copyEnum(reader, writer, protocolSymbols.length);
  copyString(reader, writer);
  writer.writeBoolean(reader.readBoolean());
  copyEnum(reader, writer, transportSymbols.length);
  copyLongs(reader, writer, 3);
  copyString(reader, writer);
  copyTunnels(reader, writer);
  copyLongs(reader, writer, 4);
  marks.requestTypeAt = reader.position;
  copyString(reader, writer);
  copyString(reader, writer);
  copyString(reader, writer);
  marks.endpointAt = reader.position;
  copyString(reader, writer);
  copyLong(reader, writer);
  marks.responseCode = copyInt(reader, writer);
  copyString(reader, writer);
  copyString(reader, writer);
  copyLongs(reader, writer, 2);
  copyString(reader, writer);
  copyString(reader, writer);
  copyString(reader, writer);
  copyString(reader, writer);
  copyString(reader, writer);
  copyString(reader, writer);
  copyInt(reader, writer);
  marks.processNameAt = reader.position;
  copyString(reader, writer);
  copyEnum(reader, writer, contextKindSymbols.length);
  copyLongs(reader, writer, 2);
  copyInts(reader, writer, 2);
  copyCauses(reader, writer);
  copyLong(reader, writer);
  marks.otlpAt = reader.position;
  reader.skipBytes();
  copyAddress(reader, writer);
  marks.clientPortInRow = writer.length;
  copyInts(reader, writer, 19);
  copyAddress(reader, writer);
  marks.serverPortInRow = writer.length;
  copyInts(reader, writer, 19);
}

function copyLikelyParents(reader: AvroReader, writer: RowBinaryWriter): void {
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
reader.skipBytes();
reader.skipLong();
reader.readEnum(reasonSymbols);
reader.skipFixed(8);
}
}
reader.position = start;
writer.writeLength(total);
for (let count = first; count > 0; count = reader.readBlockCount()) {
for (let index = 0; index < count; index++) {
copyHex(reader, writer, 8, false);
copyLong(reader, writer);
copyEnum(reader, writer, reasonSymbols.length);
writer.writeFloat64(reader.readDouble());
}
}
}

function copyNat(reader: AvroReader, writer: RowBinaryWriter): void {
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
reader.skipBytes();
reader.readInt();
reader.skipBytes();
reader.readInt();
}
}
reader.position = start;
writer.writeLength(total);
for (let count = first; count > 0; count = reader.readBlockCount()) {
for (let index = 0; index < count; index++) {
copyAddress(reader, writer);
copyInt(reader, writer);
copyAddress(reader, writer);
copyInt(reader, writer);
}
}
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

function copyCauses(reader: AvroReader, writer: RowBinaryWriter): void {
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
reader.readEnum(causeKindSymbols);
reader.skipBytes();
reader.readEnum(reasonSymbols);
reader.skipFixed(8);
reader.readBoolean();
}
}
reader.position = start;
writer.writeLength(total);
for (let count = first; count > 0; count = reader.readBlockCount()) {
for (let index = 0; index < count; index++) {
copyEnum(reader, writer, causeKindSymbols.length);
copyHex(reader, writer, 8, false);
copyEnum(reader, writer, reasonSymbols.length);
writer.writeFloat64(reader.readDouble());
writer.writeBoolean(reader.readBoolean());
}
}
}
