/**
 * Completes the sides of a call. Each view of it knows its own side for certain, and the other side by address at best: an
 * address may be virtual, translated, on loopback or not known yet. If the trace has views of both ends, each gets the ids
 * of the other's own side. Address and port stay as it saw them.
 *
 * A span ends with its two sides, and a side with its ids, so they are exchanged without reading the rest. A test compares
 * the result with the generated writer.
 */
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { AvroWriter } from '../../schemas/avro-writer.ts';
import { sideIds } from '../../schemas/generated/side-ids.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { idsStart } from '../spans/side-ids.ts';
import type { CallChain } from './call-chains.ts';
import { writeReportedBody } from './reported-sides.ts';
import { otherEndBit, processBit, serviceIds, virtualAddressBit } from './side-bits.ts';
import { writeCorrectedPoint } from './translated-points.ts';

const idCount = sideIds.length;
/** Bytes of an observation point, with room to spare. */
const longestPoint = 16;
/** For each index whether it is one of them. */
const isOfService = sideIds.map((id) => serviceIds.includes(id));

/** All bits are below 64, so the last byte of a side is all of its resolution; 0 for one that is no sum of bits. */
function resolutionAt(bytes: Uint8Array, sideEnd: number): number {
  return bytes[sideEnd - 2]! < 0x80 ? bytes[sideEnd - 1]! >> 1 : 0;
}

/** Sets for each view of a call which view knows the other end for certain. */
export function exchangeSides(chain: CallChain): void {
  const first = chain[0]!;
  const last = chain[chain.length - 1]!;
  const client = chain.length > 1 && first.role === 'client' ? first : undefined;
  const server = chain.length > 1 && last.role === 'server' ? last : undefined;
  for (const span of chain) {
    span.clientView = span === client ? undefined : client;
    span.serverView = span === server ? undefined : server;
  }
}

/** Copies what precedes the ids of a side, and the ids of the view that knows them for certain. */
function writeSide(
  writer: AvroWriter,
  bytes: Buffer,
  [start, end]: readonly [number, number],
  other: Buffer,
  otherEnd: number,
): void {
  const isKnown = (resolutionAt(bytes, end) & processBit) !== 0;
  if (isKnown || (resolutionAt(other, otherEnd) & processBit) === 0) {
    writer.position += bytes.copy(writer.buffer, writer.position, start, end);
    return;
  }
  const [ids, otherIds] = [idsStart(bytes, end), idsStart(other, otherEnd)];
  writer.position += bytes.copy(writer.buffer, writer.position, start, ids);
  const resolution = resolutionAt(other, otherEnd) | otherEndBit;
  if ((resolutionAt(bytes, end) & virtualAddressBit) === 0) {
    writer.position += other.copy(writer.buffer, writer.position, otherIds, otherEnd - 1);
    writer.writeLong(resolution);
    return;
  }
  const [ownReader, otherReader] = [new AvroReader(bytes, ids), new AvroReader(other, otherIds)];
  for (let index = 0; index < idCount - 1; index++) {
    const [own, far] = [ownReader.readLong(), otherReader.readLong()];
    writer.writeLong(isOfService[index]! && own !== 0 ? own : far);
  }
  writer.writeLong(resolution | virtualAddressBit);
}

/** Writes a span without its first five fields, with the sides and the observation point that its trace knows. */
export function writeSpanBody(writer: AvroWriter, span: SpanRecord): void {
  const { bytes, bodyStart, serverStart, bodyEnd, clientView, serverView } = span;
  if (span.role === 'application' && (clientView ?? serverView) !== undefined) {
    writeReportedBody(writer, span);
    return;
  }
  // An id takes up to five bytes.
  writer.reserve(bodyEnd - bodyStart + 2 * idCount * 5 + longestPoint);
  const clientEnd = serverStart;
  const rest = writeCorrectedPoint(writer, span);
  if (clientView === undefined) {
    writer.position += bytes.copy(writer.buffer, writer.position, rest, clientEnd);
  } else {
    writeSide(writer, bytes, [rest, clientEnd], clientView.bytes, clientView.serverStart);
  }
  if (serverView === undefined) {
    writer.position += bytes.copy(writer.buffer, writer.position, serverStart, bodyEnd);
  } else {
    writeSide(writer, bytes, [serverStart, bodyEnd], serverView.bytes, serverView.bodyEnd);
  }
}
