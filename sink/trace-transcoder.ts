/**
 * A trace from Avro to rows in one pass over its bytes: strings are copied, not read, and no record is made. That is
 * three to four times as fast as reading records and writing them, and storing traces is where most of the sink's time
 * goes. It follows the schema field by field; tests hold it to the reading of records.
 */
import type { AvroReader } from '../schemas/avro-reader.ts';
import { contextKindSymbols, transportSymbols } from '../schemas/generated/event-batch.ts';
import { resourceKindIndex } from '../schemas/generated/resource.ts';
import {
  causeKindSymbols,
  protocolSymbols,
  reasonIndex,
  reasonSymbols,
  signalSourceSymbols,
  spanStatusSymbols,
} from '../schemas/generated/span.ts';
import { clientLetter } from '../schemas/observation-points.ts';
import { copyEnum, copyHex, copyInt, copyInts, copyLong, copyLongs, copyString, readLength } from './avro-copy.ts';
import { linkCalls, type ServiceReference, type SpanEnds } from './call-linker.ts';
import type { TimeBounds } from './event-range.ts';
import type { RowBinaryWriter } from './row-binary-writer.ts';

/** Where rows go: those of the trace's spans, and the one of the trace itself. */
export interface TraceWriters {
  readonly spans: RowBinaryWriter;
  readonly trace: RowBinaryWriter;
  /** Widened by the starts of the spans, and of the trace where it has any. */
  readonly times?: TimeBounds;
}

/** What is remembered of a span until the whole trace has been read. Positions are of the Avro bytes. */
interface SpanFacts extends SpanEnds {
  readonly own: ServiceReference;
  /** Where the row's columns about the call begin. */
  readonly tail: number;
  readonly observationPoint: number;
  readonly status: number;
  readonly protocol: number;
  readonly requestType: number;
  readonly endpoint: number;
  readonly responseCode: number;
  readonly processName: number;
}

const unknownService: ServiceReference = { type: 0, id: 0 };
/** service_type, service_id, is_call, and type and id of both ends. */
const tailBytes = 4 + 4 + 1 + 4 * 4;

/** Half of an id of 16 hex digits that were checked. */
function halfOf(buffer: Buffer, start: number): number {
  let half = 0;
  for (let index = start; index < start + 8; index++) {
    const code = buffer[index]!;
    half = (half << 4) | ((code & 0x0f) + (code > 0x39 ? 9 : 0));
  }
  return half;
}

/**
 * Numbers of a side: port, the ids of region, zone, VPC, subnet, host, instance, cluster, node, namespace, workload, pod,
 * service and process, the automatic instance (id, type) and service (id, type), how it was resolved.
 */
const sideNumbers = 19;
const processNumber = 13;
const serviceIdNumber = 16;
const serviceTypeNumber = 17;

/** Writes a side; returns its service: the most specific one, or the process, which is a service of its own. */
function transcodeSide(reader: AvroReader, writer: RowBinaryWriter): ServiceReference {
  const length = readLength(reader);
  writer.writeAddressAt(reader.buffer, reader.position, length);
  reader.position += length;
  const at = copyInts(reader, writer, sideNumbers);
  const { view } = writer;
  const serviceId = view.getInt32(at + 4 * serviceIdNumber, true);
  if (serviceId !== 0) return { type: view.getInt32(at + 4 * serviceTypeNumber, true), id: serviceId };
  const processId = view.getInt32(at + 4 * processNumber, true);
  if (processId !== 0) return { type: resourceKindIndex.process, id: processId };
  return unknownService;
}

/** Takes note of the time that was written last. */
function widen(times: TimeBounds, writer: RowBinaryWriter): void {
  const at = writer.claim(0) - 8;
  const timeNs = writer.view.getInt32(at + 4, true) * 0x100000000 + writer.view.getUint32(at, true);
  if (timeNs < times.earliestNs) times.earliestNs = timeNs;
  if (timeNs > times.latestNs) times.latestNs = timeNs;
}

/** Writes the row of one span but for its trace, and zeros for what is known when all spans have been read. */
function transcodeSpan(reader: AvroReader, writer: RowBinaryWriter, times: TimeBounds | undefined): SpanFacts {
  const buffer = reader.buffer;
  const parent = reader.position;
  copyHex(reader, writer, 8, true);
  const hasParent = reader.position > parent + 1;
  const parentHigh = hasParent ? halfOf(buffer, reader.position - 16) : 0;
  const parentLow = hasParent ? halfOf(buffer, reader.position - 8) : 0;
  const reason = copyEnum(reader, writer, reasonSymbols.length);
  writer.writeFloat64(reader.readDouble());
  copyHex(reader, writer, 8, false);
  const idHigh = halfOf(buffer, reader.position - 16);
  const idLow = halfOf(buffer, reader.position - 8);
  copyLong(reader, writer);
  const observationPoint = reader.position;
  copyString(reader, writer);
  copyEnum(reader, writer, signalSourceSymbols.length);
  copyLong(reader, writer);
  if (times !== undefined) widen(times, writer);
  copyLong(reader, writer);
  const status = copyEnum(reader, writer, spanStatusSymbols.length);
  const protocol = copyEnum(reader, writer, protocolSymbols.length);
  copyString(reader, writer);
  writer.writeBoolean(reader.readBoolean());
  copyEnum(reader, writer, transportSymbols.length);
  // Network namespace, socket, both event ids, both TCP sequences.
  copyLongs(reader, writer, 6);
  const requestType = reader.position;
  copyString(reader, writer);
  copyString(reader, writer);
  copyString(reader, writer);
  const endpoint = reader.position;
  copyString(reader, writer);
  copyLong(reader, writer);
  const responseCode = copyInt(reader, writer);
  copyString(reader, writer);
  copyString(reader, writer);
  copyLongs(reader, writer, 2);
  // Trace and span id of headers, both X-Request-IDs, forwarded for, user agent.
  for (let index = 0; index < 6; index++) copyString(reader, writer);
  copyInt(reader, writer);
  const processName = reader.position;
  copyString(reader, writer);
  copyEnum(reader, writer, contextKindSymbols.length);
  copyLongs(reader, writer, 2);
  copyInts(reader, writer, 2);
  transcodeCauses(reader, writer);
  const client = transcodeSide(reader, writer);
  const server = transcodeSide(reader, writer);
  const tail = writer.length;
  writer.writeZeros(tailBytes);
  const isClient = buffer[observationPoint + 1] === clientLetter && buffer[observationPoint] !== 0;
  return {
    idHigh,
    idLow,
    parentHigh,
    parentLow,
    isSameCall: hasParent && (reason === reasonIndex.tcp_sequence || reason === reasonIndex.datagram),
    client,
    server,
    own: isClient ? client : server,
    tail,
    observationPoint,
    status,
    protocol,
    requestType,
    endpoint,
    responseCode,
    processName,
  };
}

function transcodeCauses(reader: AvroReader, writer: RowBinaryWriter): void {
  const first = reader.readBlockCount();
  if (first === 0) {
    writer.writeLength(0);
    return;
  }
  // RowBinary wants the count of all items in front; Avro may have several blocks, each with its own.
  const start = reader.position;
  let total = 0;
  for (let count = first; count > 0; count = reader.readBlockCount()) {
    total += count;
    for (let index = 0; index < count; index++) skipCause(reader);
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

function skipCause(reader: AvroReader): void {
  reader.readLong();
  // In two steps: the length moves the position before it is added.
  const length = readLength(reader);
  reader.position += length;
  reader.readLong();
  reader.readDouble();
  reader.readBoolean();
}

/** Copies the string at a position of the Avro bytes. */
function copyStringAt(reader: AvroReader, position: number | undefined, writer: RowBinaryWriter): void {
  if (position === undefined) {
    writer.writeLength(0);
    return;
  }
  const end = reader.position;
  reader.position = position;
  copyString(reader, writer);
  reader.position = end;
}

/**
 * Reads one Trace and writes its rows. When it throws, part of the rows may have been written: discard them.
 *
 * @returns number of spans
 * @throws AvroDecodeError on bytes that are no Trace, or ids that are not hexadecimal
 */
export function transcodeTrace(reader: AvroReader, writers: TraceWriters): number {
  const { spans: spanWriter, trace: traceWriter, times } = writers;
  const { buffer } = reader;

  copyHex(reader, traceWriter, 16, false);
  const traceIdDigits = reader.position - 32;
  const revision = reader.readLong();
  const mergedIntoLength = readLength(reader);
  const isMerged = mergedIntoLength > 0;
  traceWriter.writeInt64(revision * 2 + (isMerged ? 1 : 0));
  traceWriter.writeInt64(revision);
  if (isMerged) {
    if (mergedIntoLength !== 32 || !traceWriter.writeHexText(buffer, reader.position, 16))
      reader.fail('an id that is not 32 hex digits');
  } else traceWriter.writeZeros(16);
  reader.position += mergedIntoLength;
  const carried = reader.position;
  copyHex(reader, traceWriter, 16, true);
  // What OpenTelemetry knows the trace by: the id that it carries, else its own.
  const otelIdDigits = reader.position > carried + 1 ? reader.position - 32 : traceIdDigits;
  const root = reader.position;
  copyHex(reader, traceWriter, 8, true);
  const hasRoot = reader.position > root + 1;
  const rootHigh = hasRoot ? halfOf(buffer, reader.position - 16) : 0;
  const rootLow = hasRoot ? halfOf(buffer, reader.position - 8) : 0;
  copyInt(reader, traceWriter);
  copyLong(reader, traceWriter);
  // One that was merged into another has no time.
  if (times !== undefined && !isMerged) widen(times, traceWriter);
  copyLong(reader, traceWriter);
  copyInt(reader, traceWriter);

  const spans: SpanFacts[] = [];
  let rootFacts: SpanFacts | undefined;
  for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount()) {
    for (let index = 0; index < count; index++) {
      spanWriter.writeHexText(buffer, traceIdDigits, 16);
      spanWriter.writeHexText(buffer, otelIdDigits, 16);
      spanWriter.writeInt64(revision);
      const facts = transcodeSpan(reader, spanWriter, times);
      spans.push(facts);
      if (hasRoot && facts.idHigh === rootHigh && facts.idLow === rootLow) rootFacts ??= facts;
    }
  }
  patchCalls(spanWriter, spans);

  traceWriter.writeInt32(spans.length);
  traceWriter.writeInt32(rootFacts?.own.type ?? 0);
  traceWriter.writeInt32(rootFacts?.own.id ?? 0);
  copyStringAt(reader, rootFacts?.processName, traceWriter);
  copyStringAt(reader, rootFacts?.observationPoint, traceWriter);
  traceWriter.writeInt8(rootFacts?.protocol ?? 0);
  copyStringAt(reader, rootFacts?.requestType, traceWriter);
  copyStringAt(reader, rootFacts?.endpoint, traceWriter);
  traceWriter.writeInt8(rootFacts?.status ?? 0);
  traceWriter.writeInt32(rootFacts?.responseCode ?? 0);
  return spans.length;
}

function patchCalls(writer: RowBinaryWriter, spans: readonly SpanFacts[]): void {
  const calls = linkCalls(spans);
  for (let index = 0; index < spans.length; index++) {
    const { tail, own } = spans[index]!;
    const call = calls[index]!;
    writer.patchInt32(tail, own.type);
    writer.patchInt32(tail + 4, own.id);
    writer.patchInt8(tail + 8, call.last === index ? 1 : 0);
    writer.patchInt32(tail + 9, call.client.type);
    writer.patchInt32(tail + 13, call.client.id);
    writer.patchInt32(tail + 17, call.server.type);
    writer.patchInt32(tail + 21, call.server.id);
  }
}
