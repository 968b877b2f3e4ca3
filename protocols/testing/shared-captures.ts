import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Message } from '../dissection/dissector.ts';
import { dissectors } from '../dissectors.ts';
import { SocketDissection } from '../dissection/socket-dissection.ts';
import { readPcapPayloads } from './pcap-file.ts';

/** Directory of capture files that are not part of the project. */
export const capturesDirectory = join(resolve(process.env['TEST_SHARED'] ?? '../shared'), 'data', 'pcap');

/** Why tests with them are skipped (describeWhere of test/requirement.ts); undefined where they are there. */
export function capturesMissing(): string | undefined {
  if (existsSync(capturesDirectory)) return undefined;
  return `no captures in ${capturesDirectory}; set TEST_SHARED to the directory that holds data/pcap`;
}

/** Paths of the captures in that directory, or of other files that lie there. */
export function captureNames(ending = /\.pcap(ng)?$/): string[] {
  return readdirSync(capturesDirectory, { recursive: true, encoding: 'utf8' }).filter((name) => ending.test(name));
}

/** A message of a capture, with the protocol it was recognised as; the origin counts the packets. */
export type DissectedMessage = Message<number> & { readonly protocol: string };

/** Dissects a capture the way live traffic is: a socket per pair of ends, seen from the end that sent first. */
export function dissectCapture(
  name: string,
  { captureBytes = Number.MAX_SAFE_INTEGER, ended = false }: { captureBytes?: number; ended?: boolean } = {},
): DissectedMessage[] {
  const sockets = new Map<string, { dissection: SocketDissection<number>; local: string; last: string }>();
  const messages: DissectedMessage[] = [];
  readPcapPayloads(join(capturesDirectory, name)).forEach((payload, index) => {
    const source = `${payload.source}:${payload.sourcePort}`;
    const destination = `${payload.destination}:${payload.destinationPort}`;
    const key = [payload.transport, ...[source, destination].sort()].join(' ');
    let socket = sockets.get(key);
    if (socket === undefined) {
      const facts = {
        localRole: undefined,
        localPort: payload.sourcePort,
        remotePort: payload.destinationPort,
        transport: payload.transport,
      };
      socket = { dissection: new SocketDissection<number>(dissectors, facts), local: source, last: '' };
      sockets.set(key, socket);
    }
    const { dissection } = socket;
    const startsMessage = payload.transport === 'udp' || socket.last !== source;
    socket.last = source;
    const bytes = payload.bytes.subarray(0, captureBytes);
    dissection.read(
      source === socket.local ? 'local' : 'remote',
      { origin: index, bytes, length: payload.length, startsMessage },
      (message) => messages.push({ ...message, protocol: dissection.protocol }),
      payload.sequence,
    );
  });
  if (ended) {
    for (const { dissection } of sockets.values()) {
      const { protocol } = dissection;
      dissection.end((message) => messages.push({ ...message, protocol }));
    }
  }
  return messages;
}
