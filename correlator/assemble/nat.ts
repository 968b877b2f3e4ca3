/** Addresses that are translated between two observations of a call: by a service address, a gateway, a load balancer. */
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { CallEnds } from '../../schemas/generated/span.ts';
import { addressKey } from '../spans/address-key.ts';
import type { SpanRecord } from '../spans/span-record.ts';

const none: readonly CallEnds[] = [];
/** Ports at the end of {@link SpanRecord.tuple}, a character each. */
const portCount = 2;

/** How the parent of a span in one call saw its ends, if the span saw others; empty if it saw the same, or either does not know them. */
export function natOf(span: SpanRecord): readonly CallEnds[] {
  const { edge } = span;
  if (edge === undefined || edge.parent.tuple === span.tuple || span.transport === 'unix') return none;
  if (edge.reason !== 'tcp_sequence' && edge.reason !== 'datagram') return none;
  const ends = endsOf(edge.parent);
  return isKnown(ends) && isKnown(endsOf(span)) ? [ends] : none;
}

/** An IPv4 address within an IPv6 one is given as IPv4. */
function endsOf({ tuple, bytes, serverStart }: SpanRecord): CallEnds {
  const server = addressKey(new AvroReader(bytes, serverStart).readBytes());
  const clientLength = tuple.length - portCount - server.length;
  return {
    clientAddress: Buffer.from(tuple.slice(0, clientLength), 'latin1'),
    clientPort: tuple.charCodeAt(tuple.length - 2),
    serverAddress: Buffer.from(server, 'latin1'),
    serverPort: tuple.charCodeAt(tuple.length - 1),
  };
}

/** A socket without an address, such as one of UDP that is bound to all of them, does not say what packets have. */
function isKnown({ clientAddress, clientPort, serverAddress, serverPort }: CallEnds): boolean {
  return clientPort !== 0 && serverPort !== 0 && isAddress(clientAddress) && isAddress(serverAddress);
}

const isAddress = (address: Uint8Array): boolean => address.some((byte) => byte !== 0);
