import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Message } from '../dissection/dissector.ts';
import { dissectors } from '../dissectors.ts';
import { SocketDissection } from '../dissection/socket-dissection.ts';

/** What went over one connection, in the order it was read. */
export interface RecordedConnection {
  readonly chunks: { readonly fromClient: boolean; readonly bytes: Buffer }[];
}

/** A TCP proxy on a port of its own that keeps what passes through it. */
export interface RecordingProxy {
  readonly port: number;
  readonly connections: readonly RecordedConnection[];
  close(): Promise<void>;
}

/** Starts a proxy to a port of this machine. */
export async function startRecordingProxy(targetPort: number): Promise<RecordingProxy> {
  const connections: RecordedConnection[] = [];
  const sockets = new Set<Socket>();
  const proxy = createServer((downstream) => {
    const upstream = connect(targetPort, '127.0.0.1');
    const recorded: RecordedConnection = { chunks: [] };
    connections.push(recorded);
    const join = (from: Socket, to: Socket, fromClient: boolean): void => {
      sockets.add(from);
      from.on('data', (bytes: Buffer) => {
        recorded.chunks.push({ fromClient, bytes });
        to.write(bytes);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
    };
    join(downstream, upstream, true);
    join(upstream, downstream, false);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  return {
    port,
    connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => proxy.close(done));
    },
  };
}

/** Dissects a recorded connection, of each run of calls at most `budgetBytes` and then 32 of each call. */
export function dissectConnection(
  { chunks }: RecordedConnection,
  budgetBytes: number,
): { readonly protocol: string; readonly messages: readonly Message<number>[] } {
  const facts = { localRole: undefined, localPort: 1, remotePort: 2, transport: 'tcp' } as const;
  const dissection = new SocketDissection<number>(dissectors, facts);
  const messages: Message<number>[] = [];
  const report = (message: Message<number>): void => void messages.push(message);
  let last: boolean | undefined;
  let left = 0;
  chunks.forEach(({ fromClient, bytes }, origin) => {
    const startsMessage = fromClient !== last;
    last = fromClient;
    if (startsMessage) left = budgetBytes;
    const captured = bytes.subarray(0, left > 0 ? left : 32);
    left -= captured.length;
    dissection.read(
      fromClient ? 'local' : 'remote',
      { origin, bytes: captured, length: bytes.length, startsMessage },
      report,
    );
  });
  const { protocol } = dissection;
  dissection.end(report);
  return { protocol, messages };
}
