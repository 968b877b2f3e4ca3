/**
 * Bytes as the calls of one connection, for targets in TypeScript and in C++ alike:
 *
 *   port (index into `serverPorts`), flags (1 role known, 2 datagrams, 4 seen from the server's host), then for each call:
 *   flags (1 sent by the server), length (2 bytes, little endian), bytes
 */
import type { ConnectionView, Step } from '../enricher/testing/connection.ts';
import { serverPorts } from '../protocols/testing/examples.ts';

/** A connection and what goes over it. */
export interface Conversation {
  readonly steps: readonly Step[];
  readonly view: ConnectionView & { readonly port: number };
}

const callHeadBytes = 3;

/** Any bytes are some conversation; what lies behind the last whole head is its last call. */
export function decodeConversation(input: Buffer): Conversation {
  const flags = input[1] ?? 0;
  const isServers = (flags & 4) !== 0;
  const role = (flags & 1) === 0 ? 'unknown' : isServers ? 'server' : 'client';
  const steps: Step[] = [];
  for (let at = 2; at + callHeadBytes <= input.length;) {
    const begin = at + callHeadBytes;
    const end = Math.min(input.length, begin + input.readUInt16LE(at + 1));
    steps.push([(input[at]! & 1) === 0 ? 'C' : 'S', input.subarray(begin, end)]);
    at = end;
  }
  return {
    steps,
    view: {
      port: serverPorts[(input[0] ?? 0) % serverPorts.length]!,
      transport: (flags & 2) === 0 ? 'tcp' : 'udp',
      role,
      seenFrom: isServers ? 'server' : 'client',
      closes: true,
    },
  };
}

/** The bytes of a conversation. */
export function encodeConversation(port: number, isDatagrams: boolean, steps: readonly Step[]): Buffer {
  const parts: Uint8Array[] = [Buffer.of(Math.max(0, serverPorts.indexOf(port)), isDatagrams ? 2 : 0)];
  for (const [sender, bytes] of steps) {
    const head = Buffer.alloc(callHeadBytes);
    head[0] = sender === 'S' ? 1 : 0;
    head.writeUInt16LE(bytes.length, 1);
    parts.push(head, bytes);
  }
  return Buffer.concat(parts);
}
