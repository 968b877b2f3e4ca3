/** An HTTP server that a client cannot hold up: every wait has an end, and what one client may occupy has a bound. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Bounds of a server. */
export interface ServerLimits {
  /** Time for a client to send the head of a request. */
  readonly headersTimeoutMs: number;
  /** Time for a client to send a whole request; that for the head where no request has a body. */
  readonly requestTimeoutMs?: number;
  /** How long a connection may stay open without a request. */
  readonly keepAliveTimeoutMs: number;
  /** Of the request line and all headers. */
  readonly maxHeaderBytes: number;
  /** Beyond them, a new connection takes the place of one without a request. */
  readonly maxConnections: number;
  /** After so many the connection is closed. */
  readonly maxRequestsPerConnection: number;
  /** Requests of one connection that wait for their answer at the same time; one more closes it. */
  readonly maxPipelined: number;
}

/** Bounds that suit a server for programs. */
export const serverLimits: ServerLimits = {
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  maxHeaderBytes: 16_384,
  maxConnections: 256,
  maxRequestsPerConnection: 1_000,
  maxPipelined: 8,
};

/** Answers a request. The signal fires when its connection is closed. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  connectionClosed: AbortSignal,
) => void;

/** How often Node looks for connections whose time is over. */
const checkEveryMs = 1_000;
/** How long open requests may take to end when the server is closed. */
const closeWithinMs = 1_000;

interface Connection {
  readonly closed: AbortController;
  /** Requests that wait for their answer. */
  requests: number;
}

/** Makes a server with bounds; it does not listen yet. */
export function createBoundedServer(limits: ServerLimits, handle: RequestHandler): Server {
  /** The one that has been without a request for longest comes first. */
  const connections = new Map<Socket, Connection>();
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs ?? limits.headersTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.maxHeaderBytes,
      connectionsCheckingInterval: checkEveryMs,
      requireHostHeader: true,
    },
    (request, response) => {
      const { socket } = request;
      const connection = connections.get(socket);
      if (connection === undefined || connection.requests >= limits.maxPipelined) {
        socket.destroy();
        return;
      }
      connection.requests++;
      response.once('close', () => {
        connection.requests--;
        // It is the last now to be without a request.
        if (connections.delete(socket) && !socket.destroyed) connections.set(socket, connection);
      });
      handle(request, response, connection.closed.signal);
    },
  );
  server.maxRequestsPerSocket = limits.maxRequestsPerConnection;
  server.on('connection', (socket: Socket) => {
    if (connections.size >= limits.maxConnections) {
      const idle = idleConnection(connections);
      if (idle === undefined) {
        socket.destroy();
        return;
      }
      connections.delete(idle);
      idle.destroy();
    }
    const connection: Connection = { closed: new AbortController(), requests: 0 };
    connections.set(socket, connection);
    socket.once('close', () => {
      connections.delete(socket);
      connection.closed.abort(new Error('the client has closed the connection'));
    });
  });
  return server;
}

/** Closes a server: no new requests, and an end of those that are open. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), closeWithinMs).unref();
  });
}

/** Of the client with most connections, the one that has been without a request for longest. */
function idleConnection(connections: ReadonlyMap<Socket, Connection>): Socket | undefined {
  const counts = new Map<string, number>();
  for (const { remoteAddress = '' } of connections.keys())
    counts.set(remoteAddress, (counts.get(remoteAddress) ?? 0) + 1);
  let found: Socket | undefined;
  let mostOfOne = 0;
  for (const [socket, { requests }] of connections) {
    const count = counts.get(socket.remoteAddress ?? '')!;
    if (requests > 0 || count <= mostOfOne) continue;
    found = socket;
    mostOfOne = count;
  }
  return found;
}
