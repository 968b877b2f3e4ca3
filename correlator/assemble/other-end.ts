/**
 * A process knows itself and, of its peer, an address. Where both ends of a call were seen, each side is taken from the
 * span that knows it better: so the peer is known behind a virtual address, a translated one or loopback. Only ends of
 * one exchange of bytes count (both sequences, or a datagram): what merely carries the same id may have a proxy in between
 * that nobody sees, and then the peer of the call is that proxy.
 *
 * Address and port stay as the span saw them; ids and how they were found come from the other end, with a bit for that.
 * The bytes are copied, not read: a side is its address, its port, and then numbers of which the last says how it was
 * found. Depends on the set of spans alone.
 */
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { AvroWriter } from '../../schemas/avro-writer.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { readSide, writeSide } from '../../schemas/generated/span.ts';
import { clientKnowledge, clientLength, serverKnowledge, serverLength } from '../sides-layout.ts';
import type { SpanRecord } from '../span-record.ts';
import type { CallChain } from './call-chains.ts';

const otherEndResolution = 32;
const virtualAddressResolution = 8;

/** Notes on the two ends of a call, where both were seen, which is the other. */
export function joinEnds(chain: CallChain): void {
  if (chain.length < 2) return;
  const client = chain[0]!;
  const server = chain[chain.length - 1]!;
  if (client.role !== 'client' || server.role !== 'server') return;
  client.otherEnd = server;
  server.otherEnd = client;
}

/** Writes the span as it came, without its edge, and with a side of the other end where that knows it better. */
export function writeBody(writer: AvroWriter, span: SpanRecord): void {
  const { bytes, bodyStart, bodyEnd, otherEnd, sides } = span;
  const isClient = span.role === 'client';
  const isBetter =
    otherEnd !== undefined &&
    sides !== 0 &&
    (isClient
      ? serverKnowledge(otherEnd.sides) > serverKnowledge(sides)
      : clientKnowledge(otherEnd.sides) > clientKnowledge(sides));
  // A replaced side may be longer than the one that it takes the place of.
  writer.reserve(bodyEnd - bodyStart + 128);
  if (!isBetter) {
    writer.position += bytes.copy(writer.buffer, writer.position, bodyStart, bodyEnd);
    return;
  }
  const serverStart = bodyEnd - serverLength(sides);
  const start = isClient ? serverStart : serverStart - clientLength(sides);
  const otherServerStart = otherEnd.bodyEnd - serverLength(otherEnd.sides);
  const otherStart = isClient ? otherServerStart : otherServerStart - clientLength(otherEnd.sides);
  writer.position += bytes.copy(writer.buffer, writer.position, bodyStart, start);
  const end = isClient ? bodyEnd : serverStart;
  const otherBytesEnd = isClient ? otherEnd.bodyEnd : otherServerStart;
  if (isClient && ((bytes[end - 1]! >> 1) & virtualAddressResolution) !== 0)
    writeCalledSide(writer, span, start, otherStart);
  else {
    writer.position += bytes.copy(writer.buffer, writer.position, start, idsAt(bytes, start));
    const from = idsAt(otherEnd.bytes, otherStart);
    writer.position += otherEnd.bytes.copy(writer.buffer, writer.position, from, otherBytesEnd - 1);
    writer.writeLong((otherEnd.bytes[otherBytesEnd - 1]! >> 1) | otherEndResolution);
  }
  writer.position += bytes.copy(writer.buffer, writer.position, end, bodyEnd);
}

/** Of a call to the address of a service: who answered, by the other end; and which service, since of several that is sure. */
function writeCalledSide(writer: AvroWriter, span: SpanRecord, start: number, otherStart: number): void {
  const own = readSide(new AvroReader(span.bytes, start));
  const other = readSide(new AvroReader(span.otherEnd!.bytes, otherStart));
  const called =
    own.serviceId === 0
      ? {}
      : { serviceId: own.serviceId, autoServiceId: own.serviceId, autoServiceType: resourceKindIndex.service };
  const resolution = other.resolution | virtualAddressResolution | otherEndResolution;
  writeSide(writer, { ...other, ...called, address: own.address, port: own.port, resolution });
}

/** Where the numbers of a side begin, behind its address and port. */
function idsAt(bytes: Buffer, start: number): number {
  // An address has at most 16 bytes, so that its length is one byte.
  let at = start + 1 + (bytes[start]! >> 1);
  while (bytes[at]! >= 0x80) at++;
  return at + 1;
}
