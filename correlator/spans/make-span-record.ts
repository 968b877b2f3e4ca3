/** Turns a scanned span into the record that the correlator keeps. A test compares it with the generated reader. */
import type { AvroReader } from '../../schemas/avro-reader.ts';
import type { SpanScan } from '../../schemas/generated/span-scan.ts';
import { roleAt } from '../../schemas/observation-points.ts';
import { blockStride, type RecordBlock } from './record-block.ts';
import { readSharedText, sharedText } from './shared-text.ts';
import { spanKind } from './span-kind.ts';
import { SpanRecord } from './span-record.ts';
import { addressKey, tupleOf } from './tuple.ts';

const maxRequestKinds = 10_000;
const requestKinds = new Map<string, string>();

/** One shared copy of each kind of request, to save memory per span. */
function knownRequestKind(text: string): string {
  const known = requestKinds.get(text);
  if (known !== undefined) return known;
  if (requestKinds.size < maxRequestKinds) requestKinds.set(text, text);
  return text;
}

/**
 * Makes a record of the span that was scanned last. The record refers to the reader's buffer, which must stay as it is.
 * The reader stands behind the span, before and after.
 */
export function makeSpanRecord(reader: AvroReader, scan: SpanScan, block: RecordBlock): SpanRecord {
  const end = reader.position;
  const at = block.claim();
  keepNumbers(scan, block, at, end);
  const observationPoint = sharedTextAt(reader, scan.observationPointAt);
  const role = roleAt(observationPoint);
  const client = addressKeyAt(reader, scan.clientAt);
  const server = addressKeyAt(reader, scan.serverAt);
  const { protocol, transport, status, clientPort, serverPort } = scan;
  const record = new SpanRecord({
    block,
    at,
    kind: spanKind(observationPoint, protocol, transport, status),
    spanId: scan.spanId,
    requestKind: role === 'client' || role === 'server' ? requestKindOf(reader, scan) : '',
    headerTraceId: wholeTraceId(sharedTextAt(reader, scan.headerTraceIdAt)),
    headerSpanId: sharedTextAt(reader, scan.headerSpanIdAt),
    xRequestIdRequest: sharedTextAt(reader, scan.xRequestIdRequestAt),
    xRequestIdResponse: sharedTextAt(reader, scan.xRequestIdResponseAt),
    tuple: sharedTuple(client, server, clientPort, serverPort),
    question: transport === 'udp' ? questionAt(reader, scan.requestTypeAt) : '',
    statedParentSpanId: role === 'application' ? scan.parentSpanId : '',
    answersInParts: isInParts(scan),
    wasBrokenOff: scan.responseEventId === 0 || status === 'closed',
  });
  reader.position = end;
  return record;
}

/** B3 and Jaeger may have trace ids of 64 bits; the reader of headers pads these to 16 digits. Ids of other shapes (sw8) stay. */
function wholeTraceId(id: string): string {
  return id.length === 16 && /^[0-9a-f]{16}$/.test(id) ? id.padStart(32, '0') : id;
}

/** Spans of enrichers that did not wait for the last byte have no time to the first one. */
function isInParts({ responseEventId, timeToFirstByteNs, durationNs }: SpanScan): boolean {
  return responseEventId !== 0 && timeToFirstByteNs > 0 && durationNs > timeToFirstByteNs;
}

/** Numbers at their places in the block, where the getters of SpanRecord find them. */
function keepNumbers(scan: SpanScan, { doubles, ints, startTimesNs }: RecordBlock, at: number, end: number): void {
  startTimesNs[at / blockStride] = scan.startTimeNs;
  doubles[at] = Number(scan.startTimeNs);
  doubles[at + 1] = scan.durationNs;
  doubles[at + 2] = scan.requestEventId;
  doubles[at + 3] = scan.responseEventId;
  doubles[at + 4] = scan.requestContextId;
  doubles[at + 5] = scan.responseContextId;
  doubles[at + 6] = scan.requestId;
  doubles[at + 7] = scan.agentId;
  ints[at] = scan.requestTcpSequence;
  ints[at + 1] = scan.responseTcpSequence;
  ints[at + 2] = scan.processId;
  ints[at + 3] = scan.spanIdAt;
  ints[at + 4] = scan.serverAt;
  ints[at + 5] = end;
  ints[at + 6] = scan.causesAt;
}

function requestKindOf(reader: AvroReader, { protocol, serverPort, requestTypeAt, endpointAt }: SpanScan): string {
  const requestType = sharedTextAt(reader, requestTypeAt);
  reader.position = endpointAt;
  return knownRequestKind(`${protocol} ${serverPort} ${requestType} ${reader.readString()}`);
}

/** The type and, behind the domain, the resource. */
function questionAt(reader: AvroReader, requestTypeAt: number): string {
  const type = sharedTextAt(reader, requestTypeAt);
  reader.skipBytes();
  return `${type} ${readSharedText(reader)}`;
}

function sharedTextAt(reader: AvroReader, position: number): string {
  reader.position = position;
  return readSharedText(reader);
}

function addressKeyAt(reader: AvroReader, position: number): string {
  reader.position = position;
  return addressKey(reader.readBytes());
}

function sharedTuple(client: string, server: string, clientPort: number, serverPort: number): string {
  const tuple = tupleOf(client, server, clientPort, serverPort);
  // Ports differ where addresses do not; the last byte of an address differs where its first ones do not.
  const hosts = client.charCodeAt(client.length - 1) ^ (server.charCodeAt(server.length - 1) << 8);
  return sharedText(tuple, (clientPort << 16) ^ serverPort ^ Math.imul(hosts, 0x9e3779b1));
}
