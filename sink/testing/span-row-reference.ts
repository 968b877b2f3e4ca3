/** Rows of table `spans` from records: slower than the transcoder, and the measure that tests hold it to. */
import { contextKindIndex, transportIndex } from '../../schemas/generated/event-batch.ts';
import {
  causeKindIndex,
  protocolIndex,
  reasonIndex,
  type Side,
  signalSourceIndex,
  type Span,
  spanStatusIndex,
} from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import type { CallEnds } from './call-reference.ts';
import type { RowBinaryWriter } from '../row-binary-writer.ts';

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
  { traceId, carriedTraceId, revision }: Pick<Trace, 'traceId' | 'carriedTraceId' | 'revision'>,
  span: Span,
  ends: CallEnds,
): void {
  writer.writeHex(traceId, 16);
  writer.writeHex(carriedTraceId || traceId, 16);
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
