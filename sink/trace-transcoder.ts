/**
 * A trace from Avro to rows in one pass over its bytes: strings are copied, not read, and no record is made. That is
 * three to four times as fast as reading records and writing them, and storing traces is where most of the sink's time
 * goes. How the fields of a trace and of a span are copied is generated; tests hold all of it to the reading of records.
 */
import type { RowColumn } from '../core/clickhouse/clickhouse.ts';
import type { AvroReader } from '../schemas/avro-reader.ts';
import { resourceKindIndex } from '../schemas/generated/resource.ts';
import { sideIdPlaces } from '../schemas/generated/side-ids.ts';
import { reasonIndex, signalSourceIndex } from '../schemas/generated/span.ts';
import { clientLetter } from '../schemas/observation-points.ts';
import { copyString, readLength } from './avro-copy.ts';
import { linkCalls, type ServiceReference, type SpanEnds } from './call-linker.ts';
import { type TimeBounds, widen } from './event-range.ts';
import { copySpan, SpanMarks } from './generated/span-row.ts';
import { copyTrace, traceFieldColumns, TraceMarks } from './generated/trace-row.ts';
import type { RowBinaryWriter } from './row-binary-writer.ts';
import { writeReportedColumns } from './tables/reported-span.ts';

/** Where rows go: those of the trace's spans, further ones of spans that applications reported, and the one of the trace itself. */
export interface TraceWriters {
  readonly spans: RowBinaryWriter;
  readonly reportedSpans: RowBinaryWriter;
  readonly trace: RowBinaryWriter;
  /** Widened by the starts of the spans, and of the trace where it has any. */
  readonly times?: TimeBounds;
  /** Gets the Unix minutes in which spans begin. */
  readonly minutes?: Set<number>;
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

const nsPerMinute = 60e9;
const marks = new SpanMarks();
const traceMarks = new TraceMarks();

/** Writes the row of one span but for its trace, and zeros for what is known when all spans have been read. */
function transcodeSpan(reader: AvroReader, { spans: writer, times, minutes }: TraceWriters): SpanFacts {
  const { buffer } = reader;
  copySpan(reader, writer, marks);
  const startTimeNs = writer.int64At(marks.startTimeNsInRow);
  if (times !== undefined) widen(times, startTimeNs);
  minutes?.add(Math.floor(startTimeNs / nsPerMinute));
  const { observationPointAt, parentSpanIdInRow, spanIdInRow, reason } = marks;
  const hasParent = buffer[marks.parentSpanIdAt] !== 0;
  const client = serviceAt(writer, marks.clientPortInRow);
  const server = serviceAt(writer, marks.serverPortInRow);
  const tail = writer.length;
  writer.writeZeros(tailBytes);
  const isClient = buffer[observationPointAt + 1] === clientLetter && buffer[observationPointAt] !== 0;
  return {
    idHigh: writer.int32At(spanIdInRow),
    idLow: writer.int32At(spanIdInRow + 4),
    parentHigh: writer.int32At(parentSpanIdInRow),
    parentLow: writer.int32At(parentSpanIdInRow + 4),
    isSameCall: hasParent && (reason === reasonIndex.tcp_sequence || reason === reasonIndex.datagram),
    client,
    server,
    own: isClient ? client : server,
    tail,
    observationPoint: observationPointAt,
    status: marks.status,
    protocol: marks.protocol,
    requestType: marks.requestTypeAt,
    endpoint: marks.endpointAt,
    responseCode: marks.responseCode,
    processName: marks.processNameAt,
  };
}

/** Copies the string at a position of the Avro bytes; the reader stays where it is. */
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

/** A trace whose spans have been read. */
interface TraceFacts {
  readonly reader: AvroReader;
  readonly version: number;
  readonly spanCount: number;
  /** The root of the trace, where it has one. */
  readonly root: SpanFacts | undefined;
}

/** Columns of table `trace` behind those of the fields of a trace, each with what writes it. */
const furtherColumns: readonly (RowColumn & {
  readonly write: (writer: RowBinaryWriter, trace: TraceFacts) => void;
})[] = [
  { name: 'version', type: 'Int64', write: (writer, { version }) => writer.writeInt64(version) },
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
    write: (writer, { root }) => writer.writeInt32(root?.responseCode ?? 0),
  },
];

/** Bytes at the beginning of a span row: trace_id, otel_trace_id, revision. */
const headBytes = 16 + 16 + 8;

/** Writes the row of table `reported_span` of the span that was copied last, whose row begins at `start`. */
function transcodeReported(reader: AvroReader, spans: RowBinaryWriter, start: number, writer: RowBinaryWriter): void {
  writer.writeBytesOf(spans, start, headBytes);
  writer.writeBytesOf(spans, marks.parentSpanIdInRow, 8);
  writer.writeBytesOf(spans, marks.spanIdInRow, 8);
  // The duration comes behind the start.
  writer.writeBytesOf(spans, marks.startTimeNsInRow, 8 + 8);
  const end = reader.position;
  reader.position = marks.otlpAt;
  const length = readLength(reader);
  writeReportedColumns(writer, reader.buffer.subarray(reader.position, reader.position + length));
  reader.position = end;
}

/** What a trace has. */
export interface TraceCounts {
  readonly spans: number;
  /** Those among them that applications reported. */
  readonly reportedSpans: number;
}

/** Columns of a trace row, in the order of `transcodeTrace`. Enums travel as numbers. */
export const traceColumns: readonly RowColumn[] = [
  ...traceFieldColumns,
  ...furtherColumns.map(({ name, type }) => ({ name, type })),
];

/**
 * Reads one Trace and writes its rows. When it throws, part of the rows may have been written: discard them.
 * @throws AvroDecodeError on bytes that are no Trace, or ids that are not hexadecimal
 */
export function transcodeTrace(reader: AvroReader, writers: TraceWriters): TraceCounts {
  const { spans: spanWriter, reportedSpans: reportedWriter, trace: traceWriter, times } = writers;
  const { buffer } = reader;
  copyTrace(reader, traceWriter, traceMarks);
  const { traceIdInRow, carriedTraceIdInRow, rootSpanIdInRow, revision } = traceMarks;
  const isMerged = buffer[traceMarks.mergedIntoAt] !== 0;
  // One that was merged into another has no time.
  if (times !== undefined && !isMerged) widen(times, traceWriter.int64At(traceMarks.startTimeNsInRow));
  // What OpenTelemetry knows the trace by: the id that it carries, else its own.
  const otelIdInRow = buffer[traceMarks.carriedTraceIdAt] === 0 ? traceIdInRow : carriedTraceIdInRow;
  const hasRoot = buffer[traceMarks.rootSpanIdAt] !== 0;
  const rootHigh = traceWriter.int32At(rootSpanIdInRow);
  const rootLow = traceWriter.int32At(rootSpanIdInRow + 4);

  const spans: SpanFacts[] = [];
  let root: SpanFacts | undefined;
  let reportedSpans = 0;
  for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount()) {
    for (let index = 0; index < count; index++) {
      const start = spanWriter.length;
      spanWriter.writeBytesOf(traceWriter, traceIdInRow, 16);
      spanWriter.writeBytesOf(traceWriter, otelIdInRow, 16);
      spanWriter.writeInt64(revision);
      const facts = transcodeSpan(reader, writers);
      spans.push(facts);
      if (marks.signalSource === signalSourceIndex.otel) {
        transcodeReported(reader, spanWriter, start, reportedWriter);
        reportedSpans++;
      }
      if (hasRoot && facts.idHigh === rootHigh && facts.idLow === rootLow) root ??= facts;
    }
  }
  patchCalls(spanWriter, spans);

  const facts: TraceFacts = { reader, version: revision * 2 + (isMerged ? 1 : 0), spanCount: spans.length, root };
  for (const { write } of furtherColumns) write(traceWriter, facts);
  return { spans: spans.length, reportedSpans };
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
