/**
 * Rows of table `spans` from records, column by column, each value found by the column's name: slower than the transcoder,
 * and the measure that tests hold it to.
 */
import { contextKindIndex, transportIndex, tunnelTypeIndex } from '../../schemas/generated/event-batch.ts';
import {
  causeKindIndex,
  protocolIndex,
  reasonIndex,
  signalSourceIndex,
  type Span,
  spanStatusIndex,
} from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { spanFieldColumns } from '../generated/span-row.ts';
import type { RowBinaryWriter } from '../row-binary-writer.ts';
import type { CallEnds } from './call-reference.ts';

/** Numbers of the symbols of columns that hold an enum. */
const enumIndexes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  reason: reasonIndex,
  signal_source: signalSourceIndex,
  status: spanStatusIndex,
  protocol: protocolIndex,
  transport: transportIndex,
  context_kind: contextKindIndex,
};

const fieldOf = (column: string): string => column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function valueOf(span: Span, column: string): unknown {
  if (column === 'start_time') return span.startTimeNs;
  const [, side, name] = /^(client|server)_(.+)$/.exec(column) ?? [];
  const record = side === undefined ? span : span[side as 'client' | 'server'];
  const value = (record as unknown as Readonly<Record<string, unknown>>)[fieldOf(name ?? column)];
  if (value === undefined) throw new Error(`no field of a span is called as the column ${column}`);
  return value;
}

function writeCauses(writer: RowBinaryWriter, causes: Span['causes']): void {
  writer.writeLength(causes.length);
  for (const cause of causes) {
    writer.writeInt8(causeKindIndex[cause.kind]);
    writer.writeHex(cause.spanId, 8);
    writer.writeInt8(reasonIndex[cause.rule]);
    writer.writeFloat64(cause.confidence);
    writer.writeBoolean(cause.learned);
  }
}

function writeLikelyParents(writer: RowBinaryWriter, likely: Span['likelyParents']): void {
  writer.writeLength(likely.length);
  for (const { spanId, startTimeNs, reason, confidence } of likely) {
    writer.writeHex(spanId, 8);
    writer.writeBigInt64(startTimeNs);
    writer.writeInt8(reasonIndex[reason]);
    writer.writeFloat64(confidence);
  }
}

function writeNat(writer: RowBinaryWriter, nat: Span['nat']): void {
  writer.writeLength(nat.length);
  for (const { clientAddress, clientPort, serverAddress, serverPort } of nat) {
    writer.writeAddress(clientAddress);
    writer.writeInt32(clientPort);
    writer.writeAddress(serverAddress);
    writer.writeInt32(serverPort);
  }
}

function writeTunnels(writer: RowBinaryWriter, tunnels: Span['tunnels']): void {
  writer.writeLength(tunnels.length);
  for (const { type, id, source, destination } of tunnels) {
    writer.writeInt8(tunnelTypeIndex[type]);
    writer.writeInt64(id);
    writer.writeAddress(source);
    writer.writeAddress(destination);
  }
}

function writeField(writer: RowBinaryWriter, span: Span, { name, type }: (typeof spanFieldColumns)[number]): void {
  const value = valueOf(span, name);
  if (name === 'causes') writeCauses(writer, span.causes);
  else if (name === 'likely_parents') writeLikelyParents(writer, span.likelyParents);
  else if (name === 'nat') writeNat(writer, span.nat);
  else if (name === 'tunnels') writeTunnels(writer, span.tunnels);
  else if (type === 'Int8') writer.writeInt8(enumIndexes[name]![value as string]!);
  else if (type.startsWith('FixedString(')) writer.writeHex(value as string, Number(/\d+/.exec(type)![0]));
  else if (type === 'String') writer.writeString(value as string);
  else if (type === 'Bool') writer.writeBoolean(value as boolean);
  else if (type === 'IPv6') writer.writeAddress(value as Uint8Array);
  else if (type === 'Float64') writer.writeFloat64(value as number);
  else if (type === 'Int32') writer.writeInt32(value as number);
  else if (typeof value === 'bigint') writer.writeBigInt64(value);
  else writer.writeInt64(value as number);
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
  for (const column of spanFieldColumns) writeField(writer, span, column);
  writer.writeInt32(ends.own.type);
  writer.writeInt32(ends.own.id);
  writer.writeBoolean(ends.isCall);
  for (const { type, id } of [ends.client, ends.server]) {
    writer.writeInt32(type);
    writer.writeInt32(id);
  }
}
