import type { SocketEvent } from '../generated/event-batch.ts';

/** One event for a test: data that a client reads from a server on the same host, unless told otherwise. */
export function socketEvent(given: Partial<SocketEvent> & { readonly text?: string }): SocketEvent {
  const { text, ...rest } = given;
  const payload = Buffer.from(text ?? '', 'latin1');
  const id = given.id ?? 1;
  return {
    id,
    kind: 'data',
    direction: 'ingress',
    timeOffsetNs: id * 1000,
    processId: 10,
    threadId: 11,
    contextKind: 'thread',
    contextId: 11,
    processName: 'app',
    socketId: 1,
    fileDescriptor: 3,
    networkNamespace: 4,
    transport: 'tcp',
    role: 'unknown',
    localAddress: Uint8Array.of(10, 0, 0, 1),
    localPort: 40_000,
    remoteAddress: Uint8Array.of(10, 0, 0, 2),
    remotePort: 80,
    tls: false,
    length: payload.length,
    tcpSequence: 0,
    phase: 0,
    after: 0,
    connectId: 0,
    messageId: id,
    error: 0,
    payload,
    redacted: [],
    ...rest,
  };
}
