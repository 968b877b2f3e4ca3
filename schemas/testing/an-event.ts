import type { EventBatch, ProcessFacts, SocketEvent } from '../generated/event-batch.ts';

/** An event for a test: data that a client reads from a server, on a socket of process 10. `text` is its payload. */
export function anEvent(given: Partial<SocketEvent> & { readonly text?: string }): SocketEvent {
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
    contextAncestors: [],
    answersTo: [],
    wokenAfter: [],
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

/** A batch of events for a test, of agent 5; it reaches to its last event. */
export function anEventBatch(given: Partial<EventBatch> = {}): EventBatch {
  const { events = [] } = given;
  return {
    agentId: 5,
    hostName: 'host',
    sequence: 1,
    source: 'sockets',
    baseTimeNs: 1_700_000_000_000_000_000n,
    baseMonotonicNs: 0,
    untilOffsetNs: events[events.length - 1]?.timeOffsetNs ?? 0,
    losses: [],
    processes: [],
    interfaces: [],
    reportedSpans: [],
    segments: [],
    flows: [],
    events,
    ...given,
  };
}

/** Facts of process 10 on host 3 for a test. */
export function aProcess(given: Partial<ProcessFacts> = {}): ProcessFacts {
  return {
    processId: 10,
    startTimeNs: 1n,
    name: 'node',
    serviceName: 'shop',
    executable: '/usr/bin/node',
    containerId: '',
    podUid: '',
    resourceId: 7,
    hostResourceId: 3,
    environment: {},
    ...given,
  };
}
