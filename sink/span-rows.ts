/** Rows of table `spans`. The columns below and `writeSpanRow` go through the same fields in the same order. */
import type { RowColumn } from '../core/clickhouse/clickhouse.ts';
import { contextKindIndex, transportIndex } from '../schemas/generated/event-batch.ts';
import {
  causeKindIndex,
  protocolIndex,
  reasonIndex,
  type Side,
  signalSourceIndex,
  type Span,
  spanStatusIndex,
} from '../schemas/generated/span.ts';
import type { CallEnds } from './calls.ts';
import type { RowBinaryWriter } from './row-binary-writer.ts';

const column = (name: string, type: string): RowColumn => ({ name, type });

function sideColumns(side: 'client' | 'server'): readonly RowColumn[] {
  const numbers = [
    'port',
    'region_id',
    'zone_id',
    'vpc_id',
    'subnet_id',
    'host_id',
    'instance_id',
    'cluster_id',
    'node_id',
    'namespace_id',
    'workload_id',
    'pod_id',
    'service_id',
    'process_resource_id',
    'auto_instance_id',
    'auto_instance_type',
    'auto_service_id',
    'auto_service_type',
    'resolution',
  ];
  return [column(`${side}_address`, 'IPv6'), ...numbers.map((name) => column(`${side}_${name}`, 'Int32'))];
}

/** Columns of a span row, in the order of {@link writeSpanRow}. Enums travel as numbers. */
export const spanColumns: readonly RowColumn[] = [
  column('trace_id', 'FixedString(16)'),
  column('revision', 'Int64'),
  column('parent_span_id', 'FixedString(8)'),
  column('reason', 'Int8'),
  column('confidence', 'Float64'),
  column('span_id', 'FixedString(8)'),
  column('agent_id', 'Int64'),
  column('observation_point', 'String'),
  column('signal_source', 'Int8'),
  column('start_time', "DateTime64(9, 'UTC')"),
  column('duration_ns', 'Int64'),
  column('status', 'Int8'),
  column('protocol', 'Int8'),
  column('protocol_version', 'String'),
  column('is_tls', 'Bool'),
  column('transport', 'Int8'),
  column('network_namespace', 'Int64'),
  column('socket_id', 'Int64'),
  column('request_event_id', 'Int64'),
  column('response_event_id', 'Int64'),
  column('request_tcp_sequence', 'Int64'),
  column('response_tcp_sequence', 'Int64'),
  column('request_type', 'String'),
  column('request_domain', 'String'),
  column('request_resource', 'String'),
  column('endpoint', 'String'),
  column('request_id', 'Int64'),
  column('response_code', 'Int32'),
  column('response_exception', 'String'),
  column('response_result', 'String'),
  column('request_bytes', 'Int64'),
  column('response_bytes', 'Int64'),
  column('header_trace_id', 'String'),
  column('header_span_id', 'String'),
  column('x_request_id_request', 'String'),
  column('x_request_id_response', 'String'),
  column('forwarded_for', 'String'),
  column('user_agent', 'String'),
  column('process_id', 'Int32'),
  column('process_name', 'String'),
  column('context_kind', 'Int8'),
  column('request_context_id', 'Int64'),
  column('response_context_id', 'Int64'),
  column('request_thread_id', 'Int32'),
  column('response_thread_id', 'Int32'),
  column('causes', 'Array(Tuple(Int8, FixedString(8), Int8, Float64, Bool))'),
  ...sideColumns('client'),
  ...sideColumns('server'),
  column('service_type', 'Int32'),
  column('service_id', 'Int32'),
  column('is_call', 'Bool'),
  column('call_client_type', 'Int32'),
  column('call_client_id', 'Int32'),
  column('call_server_type', 'Int32'),
  column('call_server_id', 'Int32'),
];

function writeSide(writer: RowBinaryWriter, side: Side): void {
  writer.writeAddress(side.address);
  writer.writeInt32(side.port);
  writer.writeInt32(side.regionId);
  writer.writeInt32(side.zoneId);
  writer.writeInt32(side.vpcId);
  writer.writeInt32(side.subnetId);
  writer.writeInt32(side.hostId);
  writer.writeInt32(side.instanceId);
  writer.writeInt32(side.clusterId);
  writer.writeInt32(side.nodeId);
  writer.writeInt32(side.namespaceId);
  writer.writeInt32(side.workloadId);
  writer.writeInt32(side.podId);
  writer.writeInt32(side.serviceId);
  writer.writeInt32(side.processResourceId);
  writer.writeInt32(side.autoInstanceId);
  writer.writeInt32(side.autoInstanceType);
  writer.writeInt32(side.autoServiceId);
  writer.writeInt32(side.autoServiceType);
  writer.writeInt32(side.resolution);
}

/** Writes one span as it is in this revision of this trace. */
export function writeSpanRow(
  writer: RowBinaryWriter,
  traceId: string,
  revision: number,
  span: Span,
  ends: CallEnds,
): void {
  writer.writeHex(traceId, 16);
  writer.writeInt64(revision);
  writer.writeHex(span.parentSpanId, 8);
  writer.writeInt8(reasonIndex[span.reason]);
  writer.writeFloat64(span.confidence);
  writer.writeHex(span.spanId, 8);
  writer.writeInt64(span.agentId);
  writer.writeString(span.observationPoint);
  writer.writeInt8(signalSourceIndex[span.signalSource]);
  writer.writeBigInt64(span.startTimeNs);
  writer.writeInt64(span.durationNs);
  writer.writeInt8(spanStatusIndex[span.status]);
  writer.writeInt8(protocolIndex[span.protocol]);
  writer.writeString(span.protocolVersion);
  writer.writeBoolean(span.isTls);
  writer.writeInt8(transportIndex[span.transport]);
  writer.writeInt64(span.networkNamespace);
  writer.writeInt64(span.socketId);
  writer.writeInt64(span.requestEventId);
  writer.writeInt64(span.responseEventId);
  writer.writeInt64(span.requestTcpSequence);
  writer.writeInt64(span.responseTcpSequence);
  writer.writeString(span.requestType);
  writer.writeString(span.requestDomain);
  writer.writeString(span.requestResource);
  writer.writeString(span.endpoint);
  writer.writeInt64(span.requestId);
  writer.writeInt32(span.responseCode);
  writer.writeString(span.responseException);
  writer.writeString(span.responseResult);
  writer.writeInt64(span.requestBytes);
  writer.writeInt64(span.responseBytes);
  writer.writeString(span.headerTraceId);
  writer.writeString(span.headerSpanId);
  writer.writeString(span.xRequestIdRequest);
  writer.writeString(span.xRequestIdResponse);
  writer.writeString(span.forwardedFor);
  writer.writeString(span.userAgent);
  writer.writeInt32(span.processId);
  writer.writeString(span.processName);
  writer.writeInt8(contextKindIndex[span.contextKind]);
  writer.writeInt64(span.requestContextId);
  writer.writeInt64(span.responseContextId);
  writer.writeInt32(span.requestThreadId);
  writer.writeInt32(span.responseThreadId);
  writer.writeLength(span.causes.length);
  for (const cause of span.causes) {
    writer.writeInt8(causeKindIndex[cause.kind]);
    writer.writeHex(cause.spanId, 8);
    writer.writeInt8(reasonIndex[cause.rule]);
    writer.writeFloat64(cause.confidence);
    writer.writeBoolean(cause.learned);
  }
  writeSide(writer, span.client);
  writeSide(writer, span.server);
  writer.writeInt32(ends.own.type);
  writer.writeInt32(ends.own.id);
  writer.writeBoolean(ends.isCall);
  writer.writeInt32(ends.client.type);
  writer.writeInt32(ends.client.id);
  writer.writeInt32(ends.server.type);
  writer.writeInt32(ends.server.id);
}
