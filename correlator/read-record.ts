/**
 * One span to a record, field by field: what the correlator does not decide by is passed over, not read. It follows the
 * schema of Span; a test holds it to the generated reader.
 */
import type { AvroReader } from '../schemas/avro-reader.ts';
import { contextKindSymbols, transportSymbols } from '../schemas/generated/event-batch.ts';
import {
  causeKindSymbols,
  protocolSymbols,
  reasonSymbols,
  signalSourceSymbols,
  spanStatusSymbols,
} from '../schemas/generated/span.ts';
import { roleAt } from '../schemas/observation-points.ts';
import { blockStride, type RecordBlock } from './record-block.ts';
import { readSharedText, sharedText } from './shared-text.ts';
import { spanKind } from './span-kind.ts';
import { SpanRecord } from './span-record.ts';

/** Integers of a side behind its address and port: 17 ids and types, then `resolution`. */
const sideNumbers = 18;

const maxCallKinds = 10_000;
const callKinds = new Map<string, string>();

/** One copy of each kind of call, so that a span in state does not carry its own. */
function knownCallKind(text: string): string {
  const known = callKinds.get(text);
  if (known !== undefined) return known;
  if (callKinds.size < maxCallKinds) callKinds.set(text, text);
  return text;
}

function isMappedIpv4(address: Uint8Array): boolean {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return false;
  for (let index = 0; index < 10; index++) if (address[index] !== 0) return false;
  return true;
}

/** An address as a short string; ::ffff:a.b.c.d equals a.b.c.d, since the two ends of one call may differ in that. */
function addressKey(address: Uint8Array): string {
  const at = address.length === 4 ? 0 : isMappedIpv4(address) ? 12 : -1;
  return at >= 0
    ? String.fromCharCode(address[at]!, address[at + 1]!, address[at + 2]!, address[at + 3]!)
    : String.fromCharCode(...address);
}

function skipIntegers(reader: AvroReader, count: number): void {
  for (let index = 0; index < count; index++) reader.readInt();
}

function skipCauses(reader: AvroReader): void {
  for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount()) {
    for (let index = 0; index < count; index++) {
      reader.readEnum(causeKindSymbols);
      reader.skipBytes();
      reader.readEnum(reasonSymbols);
      reader.readDouble();
      reader.readBoolean();
    }
  }
}

/**
 * Reads a span whose first three fields have been read: parent, reason and confidence, which the correlator writes anew.
 * The record refers to the reader's buffer, which must stay as it is.
 */
export function readRecord(reader: AvroReader, block: RecordBlock, parentSpanId: string): SpanRecord {
  const { doubles, ints } = block;
  const at = block.claim();
  ints[at + 3] = reader.position;
  const spanId = reader.readString();
  doubles[at + 7] = reader.readLong();
  const observationPoint = readSharedText(reader);
  const role = roleAt(observationPoint);
  const isClient = role === 'client';
  reader.readEnum(signalSourceSymbols);
  const startTimeNs = reader.readBigLong();
  block.startTimesNs[at / blockStride] = startTimeNs;
  doubles[at] = Number(startTimeNs);
  doubles[at + 1] = reader.readLong();
  const status = reader.readEnum(spanStatusSymbols);
  const protocol = reader.readEnum(protocolSymbols);
  reader.skipBytes(); // protocol_version
  reader.readBoolean(); // is_tls
  const transport = reader.readEnum(transportSymbols);
  reader.readLong(); // network_namespace
  reader.readLong(); // socket_id
  doubles[at + 2] = reader.readLong();
  doubles[at + 3] = reader.readLong();
  ints[at] = reader.readLong();
  ints[at + 1] = reader.readLong();
  const requestType = isClient ? readSharedText(reader) : skipped(reader);
  reader.skipBytes(); // request_domain
  reader.skipBytes(); // request_resource
  const endpoint = isClient ? reader.readString() : skipped(reader);
  doubles[at + 6] = reader.readLong();
  reader.readInt(); // response_code
  reader.skipBytes(); // response_exception
  reader.skipBytes(); // response_result
  reader.readLong(); // request_bytes
  reader.readLong(); // response_bytes
  const headerTraceId = readSharedText(reader);
  const headerSpanId = readSharedText(reader);
  const xRequestIdRequest = readSharedText(reader);
  const xRequestIdResponse = readSharedText(reader);
  reader.skipBytes(); // forwarded_for
  reader.skipBytes(); // user_agent
  ints[at + 2] = reader.readInt();
  reader.skipBytes(); // process_name
  reader.readEnum(contextKindSymbols);
  doubles[at + 4] = reader.readLong();
  doubles[at + 5] = reader.readLong();
  reader.readInt(); // request_thread_id
  reader.readInt(); // response_thread_id
  ints[at + 6] = reader.position;
  skipCauses(reader);
  const client = addressKey(reader.readBytes());
  const clientPort = reader.readInt();
  skipIntegers(reader, sideNumbers);
  ints[at + 4] = reader.position;
  const server = addressKey(reader.readBytes());
  const serverPort = reader.readInt();
  skipIntegers(reader, sideNumbers);
  ints[at + 5] = reader.position;
  return new SpanRecord({
    block,
    at,
    kind: spanKind(observationPoint, protocol, transport, status),
    spanId,
    callKind: isClient ? knownCallKind(`${protocol} ${serverPort} ${requestType} ${endpoint}`) : '',
    headerTraceId,
    headerSpanId,
    xRequestIdRequest,
    xRequestIdResponse,
    tuple: tupleOf(client, server, clientPort, serverPort),
    statedParentSpanId: role === 'application' ? parentSpanId : '',
  });
}

function skipped(reader: AvroReader): string {
  reader.skipBytes();
  return '';
}

function tupleOf(client: string, server: string, clientPort: number, serverPort: number): string {
  const tuple = client + server + String.fromCharCode(clientPort & 0xffff, serverPort & 0xffff);
  // Ports differ where addresses do not; the last byte of an address differs where its first ones do not.
  const hosts = client.charCodeAt(client.length - 1) ^ (server.charCodeAt(server.length - 1) << 8);
  return sharedText(tuple, (clientPort << 16) ^ serverPort ^ Math.imul(hosts, 0x9e3779b1));
}
