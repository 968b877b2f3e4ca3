/**
 * Observation points behind an address translation. The enricher tells them by addresses: behind a gateway that gives a
 * call its own address, the gateway looks like the client. Only the views of the whole call show that it is not.
 *
 * Two views of a call in one network namespace that differ in an end say that its address is translated there. So the later
 * one is not at its client, nor the earlier one at its server, and where the other view was says what they are. Of
 * namespaces that were seen at one interface only, nothing follows.
 */
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { AvroWriter } from '../../schemas/avro-writer.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { clientEndpointOf, serverEndpointOf } from '../spans/tuple.ts';

interface Rule {
  readonly point: string;
  /** Where the namespace saw the call before (a client's) or after (a server's) with another address of that end. */
  readonly other: string;
  readonly corrected: string;
}

/** The first rule that holds decides. */
const rules: readonly Rule[] = [
  // A node gives what its pods send its own address.
  { point: 'c', other: 'c', corrected: 'c-nd' },
  { point: 'c', other: 'c-nd', corrected: 'c-nd' },
  // A gateway passes on what others send, or what is sent to an address of its own.
  { point: 'c', other: 'c-gw', corrected: 's-gw' },
  { point: 'c', other: 's', corrected: 's-gw' },
  // A node passes on what is sent to its own address, to a pod on it.
  { point: 's', other: 's', corrected: 's-nd' },
  { point: 's', other: 's-nd', corrected: 's-nd' },
  // The same to others.
  { point: 's', other: 's-gw', corrected: 'c-gw' },
  { point: 's', other: 'c', corrected: 'c-gw' },
];

/** Corrects the points of the views of one call, in any order. */
export function correctPoints(views: readonly SpanRecord[]): void {
  const [first] = views;
  if (first === undefined || views.every(({ tuple }) => tuple === first.tuple)) return;
  const seen = views
    .filter(({ role }) => role === 'network')
    .map((span) => ({ span, place: namespaceOf(span), point: span.seenPoint }))
    // Of a capture file, views of several hosts are in one.
    .filter(({ place }) => place !== 0);
  for (const { span, place, point } of seen) {
    const others = seen.filter((one) => one.place === place && isBehind(span, one.span, point));
    const rule = rules.find((each) => each.point === point && others.some((one) => one.point === each.other));
    span.correctedPoint = rule?.corrected;
  }
}

/** Whether another view is on the way to this one from the client, or from this one to the server, and has another address there. */
function isBehind(span: SpanRecord, other: SpanRecord, point: string): boolean {
  if (span.agentId !== other.agentId) return false;
  return point === 'c'
    ? other.startTimeNs < span.startTimeNs && clientEndpointOf(other.tuple) !== clientEndpointOf(span.tuple)
    : other.startTimeNs > span.startTimeNs && serverEndpointOf(other.tuple) !== serverEndpointOf(span.tuple);
}

/** Fields of a span between its observation point and `protocol_version`, all integers. */
const fieldsBeforeVersion = ['signal_source', 'start_time_ns', 'duration_ns', 'status', 'protocol'].length;

/** `network_namespace`, decoded at each call: few calls are translated. */
function namespaceOf({ bytes, bodyStart }: SpanRecord): number {
  const reader = new AvroReader(bytes, bodyStart);
  skipToPoint(reader);
  reader.skipBytes();
  for (let field = 0; field < fieldsBeforeVersion; field++) reader.skipLong();
  reader.skipBytes();
  // is_tls and transport.
  reader.readBoolean();
  reader.skipLong();
  return reader.readLong();
}

/** Over span_id and agent_id. */
function skipToPoint(reader: AvroReader): void {
  reader.skipBytes();
  reader.skipLong();
}

/** Writes the beginning of a span's body with the corrected point. @returns where the rest of it begins in its bytes */
export function writeCorrectedPoint(writer: AvroWriter, { bytes, bodyStart, correctedPoint }: SpanRecord): number {
  if (correctedPoint === undefined) return bodyStart;
  const reader = new AvroReader(bytes, bodyStart);
  skipToPoint(reader);
  writer.position += bytes.copy(writer.buffer, writer.position, bodyStart, reader.position);
  writer.writeString(correctedPoint);
  reader.skipBytes();
  return reader.position;
}
