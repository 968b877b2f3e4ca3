/**
 * Both ends of a call as one text: of each the bytes of its address and its port, a character each; client first, and before all
 * a character that counts the bytes of the client's address.
 */
import type { CallEnds } from '../../schemas/generated/span.ts';

function isMappedIpv4(address: Uint8Array): boolean {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return false;
  for (let index = 0; index < 10; index++) if (address[index] !== 0) return false;
  return true;
}

/** An address as a short string; ::ffff:a.b.c.d equals a.b.c.d, since the two ends of one call may differ in that. */
export function addressKey(address: Uint8Array): string {
  const at = address.length === 4 ? 0 : isMappedIpv4(address) ? 12 : -1;
  return at >= 0
    ? String.fromCharCode(address[at]!, address[at + 1]!, address[at + 2]!, address[at + 3]!)
    : String.fromCharCode(...address);
}

/** The tuple of two addresses as {@link addressKey} gives them, and two ports. */
export function tupleOf(client: string, server: string, clientPort: number, serverPort: number): string {
  const ports = [clientPort, serverPort].map((port) => String.fromCharCode(port & 0xffff)) as [string, string];
  return String.fromCharCode(client.length) + client + ports[0] + server + ports[1];
}

/** Of a tuple, address and port of the client. */
export const clientEndpointOf = (tuple: string): string => tuple.slice(1, tuple.charCodeAt(0) + 2);

/** Of a tuple, address and port of the server. */
export const serverEndpointOf = (tuple: string): string => tuple.slice(tuple.charCodeAt(0) + 2);

/** The ends that a tuple is of; an IPv4 address within an IPv6 one becomes IPv4. */
export function endsOf(tuple: string): CallEnds {
  const [client, server] = [clientEndpointOf(tuple), serverEndpointOf(tuple)];
  return {
    clientAddress: Buffer.from(client.slice(0, -1), 'latin1'),
    clientPort: client.charCodeAt(client.length - 1),
    serverAddress: Buffer.from(server.slice(0, -1), 'latin1'),
    serverPort: server.charCodeAt(server.length - 1),
  };
}
