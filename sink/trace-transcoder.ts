/**
 * A trace from Avro to rows in one pass over its bytes: strings are copied, not read, and no record is made. That is
 * three to four times as fast as reading records and writing them, and storing traces is where most of the sink's time
 * goes. How the fields of a span are copied is generated; tests hold all of it to the reading of records.
 */
import type { RowColumn } from '../core/clickhouse/clickhouse.ts';
import type { AvroReader } from '../schemas/avro-reader.ts';
import { resourceKindIndex } from '../schemas/generated/resource.ts';
import { sideIdPlaces } from '../schemas/generated/side-ids.ts';
import { reasonIndex } from '../schemas/generated/span.ts';
import { scanTrace, TraceScan } from '../schemas/generated/trace-scan.ts';
import { clientLetter } from '../schemas/observation-points.ts';
import { copyHex, copyInt, copyString } from './avro-copy.ts';
import { linkCalls, type ServiceReference, type SpanEnds } from './call-linker.ts';
import type { TimeBounds } from './event-range.ts';
import { copySpan, SpanMarks } from './generated/span-row.ts';
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

/** Where in a row the ids of a side are, counted from its port. */
const autoServiceIdAt = 4 + 4 * sideIdPlaces.autoServiceId;
const autoServiceTypeAt = 4 + 4 * sideIdPlaces.autoServiceType;
const processIdAt = 4 + 4 * sideIdPlaces.processResourceId;

/** The service of a side whose port is there in the row: the most specific one, or the process, a service of its own. */
function serviceAt(writer: RowBinaryWriter, at: number): ServiceReference {
  const serviceId = writer.int32At(at + autoServiceIdAt);
  if (serviceId !== 0) return { type: writer.int32At(at + autoServiceTypeAt), id: serviceId };
  const processId = writer.int32At(at + processIdAt);
  if (processId !== 0) return { type: resourceKindIndex.process, id: processId };
  return unknownService;
}

function widen(times: TimeBounds, timeNs: number): void {
  if (timeNs < times.earliestNs) times.earliestNs = timeNs;
  if (timeNs > times.latestNs) times.latestNs = timeNs;
}

/** The number of an enum symbol, which was checked and takes one byte. */
const symbolAt = (buffer: Buffer, position: number): number => buffer[position]! >> 1;
/** The first of the digits of an id, behind its length of one byte. */
const digitsAt = (position: number): number => position + 1;

const marks = new SpanMarks();

/** Writes the row of one span but for its trace, and zeros for what is known when all spans have been read. */
function transcodeSpan(reader: AvroReader, writer: RowBinaryWriter, times: TimeBounds | undefined): SpanFacts {
  const { buffer } = reader;
  copySpan(reader, writer, marks);
  if (times !== undefined) widen(times, writer.int64At(marks.startTimeNsInRow));
  const { parentSpanIdAt, spanIdAt, observationPointAt } = marks;
  const hasParent = buffer[parentSpanIdAt] !== 0;
  const reason = symbolAt(buffer, marks.reasonAt);
  const client = serviceAt(writer, marks.clientPortInRow);
  const server = serviceAt(writer, marks.serverPortInRow);
  const tail = writer.length;
  writer.writeZeros(tailBytes);
  const isClient = buffer[observationPointAt + 1] === clientLetter && buffer[observationPointAt] !== 0;
  return {
    idHigh: halfOf(buffer, digitsAt(spanIdAt)),
    idLow: halfOf(buffer, digitsAt(spanIdAt) + 8),
    parentHigh: hasParent ? halfOf(buffer, digitsAt(parentSpanIdAt)) : 0,
    parentLow: hasParent ? halfOf(buffer, digitsAt(parentSpanIdAt) + 8) : 0,
    isSameCall: hasParent && (reason === reasonIndex.tcp_sequence || reason === reasonIndex.datagram),
    client,
    server,
    own: isClient ? client : server,
    tail,
    observationPoint: observationPointAt,
    status: symbolAt(buffer, marks.statusAt),
    protocol: symbolAt(buffer, marks.protocolAt),
    requestType: marks.requestTypeAt,
    endpoint: marks.endpointAt,
    responseCode: marks.responseCodeAt,
    processName: marks.processNameAt,
  };
}

/** Copies the string at a position of the Avro bytes. */
function copyStringAt(reader: AvroReader, position: number | undefined, writer: RowBinaryWriter): void {
  if (position === undefined) writer.writeLength(0);
  else at(reader, position, () => copyString(reader, writer));
}

/** Copies the int at a position of the Avro bytes. */
function copyIntAt(reader: AvroReader, position: number | undefined, writer: RowBinaryWriter): void {
  if (position === undefined) writer.writeInt32(0);
  else at(reader, position, () => copyInt(reader, writer));
}

/** Copies the id at a position of the Avro bytes. @param mayBeEmpty then the empty string becomes zeros */
function copyHexAt(
  reader: AvroReader,
  position: number,
  writer: RowBinaryWriter,
  bytes: number,
  mayBeEmpty = false,
): void {
  const end = reader.position;
  reader.position = position;
  copyHex(reader, writer, bytes, mayBeEmpty);
  reader.position = end;
}

/** Reads at another position, and goes on where the reader is. */
function at(reader: AvroReader, position: number, read: () => void): void {
  const end = reader.position;
  reader.position = position;
  read();
  reader.position = end;
}

/** A trace whose spans have been read. */
interface TraceFacts {
  readonly reader: AvroReader;
  readonly scan: TraceScan;
  readonly isMerged: boolean;
  readonly spanCount: number;
  /** The root of the trace, where it has one. */
  readonly root: SpanFacts | undefined;
}

/** Each column of table `trace` with what writes it. */
const traceRow: readonly (RowColumn & { readonly write: (writer: RowBinaryWriter, trace: TraceFacts) => void })[] = [
  {
    name: 'trace_id',
    type: 'FixedString(16)',
    write: (writer, { reader, scan }) => copyHexAt(reader, scan.traceIdAt, writer, 16),
  },
  {
    name: 'version',
    type: 'Int64',
    write: (writer, { scan, isMerged }) => writer.writeInt64(scan.revision * 2 + (isMerged ? 1 : 0)),
  },
  { name: 'revision', type: 'Int64', write: (writer, { scan }) => writer.writeInt64(scan.revision) },
  {
    name: 'merged_into',
    type: 'FixedString(16)',
    write: (writer, { reader, scan }) => copyHexAt(reader, scan.mergedIntoAt, writer, 16, true),
  },
  {
    name: 'carried_trace_id',
    type: 'FixedString(16)',
    write: (writer, { reader, scan }) => copyHexAt(reader, scan.carriedTraceIdAt, writer, 16, true),
  },
  {
    name: 'root_span_id',
    type: 'FixedString(8)',
    write: (writer, { reader, scan }) => copyHexAt(reader, scan.rootSpanIdAt, writer, 8, true),
  },
  { name: 'root_count', type: 'Int32', write: (writer, { scan }) => writer.writeInt32(scan.rootCount) },
  {
    name: 'start_time',
    type: "DateTime64(9, 'UTC')",
    write: (writer, { scan }) => writer.writeBigInt64(scan.startTimeNs),
  },
  { name: 'duration_ns', type: 'Int64', write: (writer, { scan }) => writer.writeInt64(scan.durationNs) },
  { name: 'error_count', type: 'Int32', write: (writer, { scan }) => writer.writeInt32(scan.errorCount) },
  { name: 'span_count', type: 'Int32', write: (writer, { spanCount }) => writer.writeInt32(spanCount) },
  { name: 'root_service_type', type: 'Int32', write: (writer, { root }) => writer.writeInt32(root?.own.type ?? 0) },
  { name: 'root_service_id', type: 'Int32', write: (writer, { root }) => writer.writeInt32(root?.own.id ?? 0) },
  {
    name: 'root_process_name',
    type: 'String',
    write: (writer, { reader, root }) => copyStringAt(reader, root?.processName, writer),
  },
  {
    name: 'root_observation_point',
    type: 'String',
    write: (writer, { reader, root }) => copyStringAt(reader, root?.observationPoint, writer),
  },
  { name: 'root_protocol', type: 'Int8', write: (writer, { root }) => writer.writeInt8(root?.protocol ?? 0) },
  {
    name: 'root_request_type',
    type: 'String',
    write: (writer, { reader, root }) => copyStringAt(reader, root?.requestType, writer),
  },
  {
    name: 'root_endpoint',
    type: 'String',
    write: (writer, { reader, root }) => copyStringAt(reader, root?.endpoint, writer),
  },
  { name: 'root_status', type: 'Int8', write: (writer, { root }) => writer.writeInt8(root?.status ?? 0) },
  {
    name: 'root_response_code',
    type: 'Int32',
    write: (writer, { reader, root }) => copyIntAt(reader, root?.responseCode, writer),
  },
];

/** Columns of a trace row. Enums travel as numbers. */
export const traceColumns: readonly RowColumn[] = traceRow.map(({ name, type }) => ({ name, type }));

const scan = new TraceScan();

/**
 * Reads one Trace and writes its rows. When it throws, part of the rows may have been written: discard them.
 *
 * @returns number of spans
 * @throws AvroDecodeError on bytes that are no Trace, or ids that are not hexadecimal
 */
export function transcodeTrace(reader: AvroReader, writers: TraceWriters): number {
  const { spans: spanWriter, trace: traceWriter, times } = writers;
  const { buffer } = reader;
  scanTrace(reader, scan);
  const isMerged = buffer[scan.mergedIntoAt] !== 0;
  const hasRoot = buffer[scan.rootSpanIdAt] !== 0;
  const rootHigh = hasRoot ? halfOf(buffer, digitsAt(scan.rootSpanIdAt)) : 0;
  const rootLow = hasRoot ? halfOf(buffer, digitsAt(scan.rootSpanIdAt) + 8) : 0;
  // What OpenTelemetry knows the trace by: the id that it carries, else its own.
  const otelIdAt = buffer[scan.carriedTraceIdAt] === 0 ? scan.traceIdAt : scan.carriedTraceIdAt;

  const spans: SpanFacts[] = [];
  let root: SpanFacts | undefined;
  for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount()) {
    for (let index = 0; index < count; index++) {
      copyHexAt(reader, scan.traceIdAt, spanWriter, 16);
      copyHexAt(reader, otelIdAt, spanWriter, 16);
      spanWriter.writeInt64(scan.revision);
      const facts = transcodeSpan(reader, spanWriter, times);
      spans.push(facts);
      if (hasRoot && facts.idHigh === rootHigh && facts.idLow === rootLow) root ??= facts;
    }
  }
  patchCalls(spanWriter, spans);

  // One that was merged into another has no time.
  if (times !== undefined && !isMerged) widen(times, Number(scan.startTimeNs));
  const facts: TraceFacts = { reader, scan, isMerged, spanCount: spans.length, root };
  for (const { write } of traceRow) write(traceWriter, facts);
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
