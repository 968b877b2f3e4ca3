/** Addresses that are translated between two observations of a call: by a service address, a gateway, a load balancer. */
import type { CallEnds } from '../../schemas/generated/span.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { endsOf } from '../spans/tuple.ts';

const none: readonly CallEnds[] = [];

/**
 * How the parent of a span in one call saw its ends, if the span saw others; empty if it saw the same, or either does not know
 * them.
 */
export function natOf(span: SpanRecord): readonly CallEnds[] {
  const { edge } = span;
  if (edge === undefined || edge.parent.tuple === span.tuple || span.transport === 'unix') return none;
  if (edge.reason !== 'tcp_sequence' && edge.reason !== 'datagram') return none;
  const ends = endsOf(edge.parent.tuple);
  return isKnown(ends) && isKnown(endsOf(span.tuple)) ? [ends] : none;
}

/** A socket without an address, such as one of UDP that is bound to all of them, does not say what packets have. */
function isKnown({ clientAddress, clientPort, serverAddress, serverPort }: CallEnds): boolean {
  return clientPort !== 0 && serverPort !== 0 && isAddress(clientAddress) && isAddress(serverAddress);
}

const isAddress = (address: Uint8Array): boolean => address.some((byte) => byte !== 0);
