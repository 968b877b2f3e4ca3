import { describe, expect, test } from 'vitest';
import type { ProcessFacts, SocketEvent } from '../../schemas/generated/event-batch.ts';
import { anEvent, aProcess } from '../../schemas/testing/an-event.ts';
import { type AgentRun, runAgent } from '../testing/run-agent.ts';

type Given = Parameters<typeof anEvent>[0];

/** Numbers the events and says which message each continues, as the kernel does. */
function play(events: readonly Given[], options: Parameters<typeof runAgent>[1] = {}): AgentRun {
  const last = new Map<number, { readonly direction: string; readonly messageId: number }>();
  const numbered = events.map((given, index): SocketEvent => {
    const event = anEvent({ id: 100 + index, ...given });
    if (event.kind !== 'data') return event;
    const before = last.get(event.socketId);
    const messageId = before?.direction === event.direction ? before.messageId : event.id;
    last.set(event.socketId, { direction: event.direction, messageId });
    return given.messageId === undefined ? { ...event, messageId } : event;
  });
  return runAgent(numbered, options);
}

const call: Given = { direction: 'egress', text: 'Q a 1\n' };
const response: Given = { direction: 'ingress', text: 'A 200\n' };
const seconds = 1_000_000_000;

describe('a request and its response', () => {
  test('become one span with both ends', () => {
    const { spans, counters } = play([
      { ...call, timeOffsetNs: 5000, tcpSequence: 500 },
      { ...response, timeOffsetNs: 9000, tcpSequence: 4_294_967_295, threadId: 12, contextId: 12 },
    ]);
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({
      observationPoint: 'c-p',
      status: 'ok',
      durationNs: 4000,
      startTimeNs: 1_700_000_000_000_005_000n,
      protocol: 'redis',
      requestType: 'Q',
      endpoint: 'a',
      requestResource: '1',
      requestEventId: 100,
      responseEventId: 101,
      requestTcpSequence: 500,
      responseTcpSequence: 4_294_967_295,
      requestBytes: 6,
      responseBytes: 6,
      responseCode: 200,
      processId: 10,
      processName: 'app',
      requestThreadId: 11,
      responseThreadId: 12,
      requestContextId: 11,
      responseContextId: 12,
      causes: [],
    });
    expect(spans[0]!.client).toMatchObject({ address: Uint8Array.of(10, 0, 0, 1), port: 40_000 });
    expect(spans[0]!.server).toMatchObject({ address: Uint8Array.of(10, 0, 0, 2), port: 80 });
    expect(counters.emitted).toBe(2);
  });

  test('are seen by the server with the sides the other way round', () => {
    const { spans } = play([
      { direction: 'ingress', text: 'Q a 1\n' },
      { direction: 'egress', text: 'A 500\n' },
    ]);
    expect(spans[0]).toMatchObject({ observationPoint: 's-p', responseCode: 500 });
    expect(spans[0]!.client.port).toBe(80);
    expect(spans[0]!.server.port).toBe(40_000);
  });

  test('pipelined requests are answered in order, also several in one segment', () => {
    const { spans } = play([
      { ...call, text: 'Q a 1\nQ b 2\n', tcpSequence: 1000 },
      { ...call, text: 'Q c 3\n', tcpSequence: 1012 },
      { ...response, text: 'A 201\nA 202\n' },
      { ...response, text: 'A 203\n' },
    ]);
    expect(spans.map((span) => [span.endpoint, span.responseCode, span.requestBytes])).toEqual([
      ['a', 201, 6],
      ['b', 202, 6],
      ['c', 203, 6],
    ]);
    expect(spans.map((span) => span.requestTcpSequence)).toEqual([1000, 1006, 1012]);
    expect(new Set(spans.map((span) => span.spanId)).size).toBe(3);
    expect(spans[0]!.requestEventId).toBe(spans[1]!.requestEventId);
  });

  test('split heads and bodies belong to the event they began in', () => {
    const { spans, counters } = play([
      { ...call, text: 'Q a', timeOffsetNs: 10 },
      { ...call, text: ' 1 300\n', timeOffsetNs: 20 },
      { ...call, text: 'x'.repeat(32), length: 300, timeOffsetNs: 30 },
      { ...response, text: 'A 2', timeOffsetNs: 40 },
      { ...response, text: '00\n', timeOffsetNs: 50 },
    ]);
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({
      requestEventId: 100,
      responseEventId: 103,
      timeToFirstByteNs: 30,
      durationNs: 40,
      requestBytes: 310,
    });
    expect(counters.emitted).toBe(2);
    expect(counters.dropped.continuation).toBe(3);
    expect(counters.buffered).toBe(0);
  });

  test('of a TLS connection say so', () => {
    const { spans } = play([
      { ...call, tls: true },
      { ...response, tls: true },
    ]);
    expect(spans[0]!.isTls).toBe(true);
  });
});

describe('a request without a response', () => {
  test('becomes a timeout when its protocol says so by the clock of the agent, and not before', () => {
    const early = play([{ ...call, timeOffsetNs: 0 }], { idleNs: 2 * seconds - 1 });
    expect(early.spans).toEqual([]);
    expect(early.counters.buffered).toBe(1);
    const { spans, counters } = play([{ ...call, timeOffsetNs: 0 }], { idleNs: 2 * seconds });
    expect(spans[0]).toMatchObject({
      status: 'timeout',
      durationNs: 2 * seconds,
      responseEventId: 0,
      responseBytes: 0,
    });
    expect(counters.emitted).toBe(1);
    expect(counters.buffered).toBe(0);
  });

  test('is closed with its connection', () => {
    const { spans, counters } = play([
      { ...call, timeOffsetNs: 1000 },
      { kind: 'close', direction: 'egress', timeOffsetNs: 8000 },
    ]);
    expect(spans[0]).toMatchObject({ status: 'closed', durationNs: 7000 });
    expect(counters.dropped.lifecycle).toBe(1);
  });

  test('that wants none becomes a span at once', () => {
    const { spans } = play([{ ...call, text: 'Q a 1 0 one-way\n' }]);
    expect(spans[0]).toMatchObject({ status: 'ok', durationNs: 0, responseEventId: 0 });
  });

  test('does not take the response of the next one, once it was given up', () => {
    const { spans } = play(
      [
        { ...call, text: 'Q a 1\n', timeOffsetNs: 0 },
        { ...call, text: 'Q b 2\n', timeOffsetNs: 3 * seconds },
        { ...response, timeOffsetNs: 3 * seconds + 500 },
      ],
      { batchEvents: 1 },
    );
    // The clock passes the limit with the batch of the second request, before its response comes.
    expect(spans.map((span) => [span.endpoint, span.status])).toEqual([
      ['a', 'timeout'],
      ['b', 'ok'],
    ]);
  });
});

describe('events that come late or never', () => {
  test('a response that one thread sends before the other has returned from writing the request', () => {
    const late = [
      { ...response, id: 102, messageId: 102, threadId: 12, contextId: 12 },
      { ...call, id: 101, messageId: 101 },
    ];
    for (const batchEvents of [1, 2]) {
      const { spans, counters } = play(late, { batchEvents });
      expect(spans).toHaveLength(1);
      expect(spans[0]).toMatchObject({ status: 'ok', requestEventId: 101, responseEventId: 102, durationNs: 1000 });
      expect(counters.emitted).toBe(2);
    }
  });

  test('a response that was not understood does not shift all later ones of its connection', () => {
    const { spans } = play([
      { ...call, text: 'Q a 1\n' },
      { ...response, text: 'A 200\n' },
      { ...call, text: 'Q b 2\n' },
      { ...response, text: 'garbage\n' },
      { ...call, text: 'Q c 3\n' },
      { ...response, text: 'A 203\n' },
    ]);
    expect(spans.map((span) => [span.endpoint, span.status, span.responseCode])).toEqual([
      ['a', 'ok', 200],
      ['b', 'unknown', 0],
      ['c', 'ok', 203],
    ]);
  });
});

describe('what no span comes of', () => {
  test('a response nobody waits for is counted', () => {
    const { spans, counters } = play([{ ...response, role: 'client' }], { idleNs: 2 * seconds });
    expect(spans).toEqual([]);
    expect(counters.dropped.response_without_request).toBe(1);
  });

  test('bytes of an unknown protocol are counted, the last ones when the direction changes or time has passed', () => {
    const { counters } = play(
      [
        { ...call, text: 'hello' },
        { ...response, text: 'world' },
      ],
      { idleNs: 11 * seconds },
    );
    expect(counters.dropped.no_protocol).toBe(2);
    expect(counters.buffered).toBe(0);
  });

  test('a connection seen from its middle is understood at its next message', () => {
    const { spans, counters } = play([
      { ...call, text: 'rest of something\n' },
      { ...response, text: 'rest of an answer' },
      call,
      response,
    ]);
    expect(spans).toHaveLength(1);
    expect(counters.dropped.no_protocol).toBe(2);
  });
});

describe('a connect that fails', () => {
  test('is a call that failed, with the name of the error and its cause', () => {
    const { spans } = play([
      { kind: 'accept', socketId: 1, role: 'server' },
      { direction: 'ingress', text: 'Q front 1\n', socketId: 1, role: 'server' },
      { kind: 'connect', direction: 'egress', socketId: 2, role: 'client', error: 111, after: 101 },
      { direction: 'egress', text: 'A 503\n', socketId: 1, role: 'server', after: 101 },
    ]);
    expect(spans.map((span) => span.observationPoint)).toEqual(['c-p', 's-p']);
    expect(spans[0]).toMatchObject({
      status: 'server_error',
      protocol: 'unknown',
      requestType: 'connect',
      responseCode: 111,
      responseException: 'ECONNREFUSED',
      causes: [{ kind: 'request', spanId: spans[1]!.spanId, learned: true }],
    });
  });

  test('after it returned is one call from connect() on, with the cause of that call', () => {
    const connect: Given = { kind: 'connect', direction: 'egress', socketId: 2, role: 'client', phase: 1, after: 101 };
    const { spans, counters } = play([
      { kind: 'accept', socketId: 1, role: 'server', phase: 1 },
      { direction: 'ingress', text: 'Q front 1\n', socketId: 1, role: 'server', phase: 1 },
      { ...connect, timeOffsetNs: 1000 },
      { direction: 'ingress', text: 'Q other 1\n', socketId: 3, role: 'server', phase: 2 },
      { ...connect, error: 110, connectId: 102, timeOffsetNs: 3 * seconds },
      { direction: 'egress', text: 'A 503\n', socketId: 1, role: 'server', phase: 3, timeOffsetNs: 4 * seconds },
    ]);
    const failed = spans.filter((span) => span.requestType === 'connect');
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({
      status: 'timeout',
      responseException: 'ETIMEDOUT',
      startTimeNs: 1_700_000_000_000_001_000n,
      durationNs: 3 * seconds - 1000,
      causes: [{ kind: 'request', spanId: spans.find((span) => span.endpoint === 'front')!.spanId }],
    });
    expect(counters.emitted).toBe(4);
  });

  test('because the program gave up is closed', () => {
    const { spans } = play([{ kind: 'connect', direction: 'egress', error: 125, connectId: 9 }]);
    expect(spans[0]).toMatchObject({ requestType: 'connect', status: 'closed', responseException: 'ECANCELED' });
  });

  test('only because it goes on in the background is none', () => {
    const { spans } = play([{ kind: 'connect', direction: 'egress', error: 115 }]);
    expect(spans).toEqual([]);
  });
});

test('a request is closed with its connection by the end of a process, in no context', () => {
  const { spans } = play([
    { direction: 'ingress', text: 'Q a 1\n', timeOffsetNs: 1000 },
    { kind: 'close', processId: 0, threadId: 0, contextId: 0, timeOffsetNs: 5000 },
  ]);
  expect(spans).toMatchObject([{ status: 'closed', durationNs: 4000, processId: 10 }]);
});

describe('a socket that several processes use', () => {
  const facts = (processId: number, resourceId: number): ProcessFacts => aProcess({ processId, resourceId });
  const by = (processId: number, given: Given): Given => ({
    ...given,
    processId,
    threadId: processId,
    contextId: processId,
    processName: `worker-${processId}`,
  });

  test('is the one of the process that reads a request, not of the one that accepted, wrote or closed', () => {
    const { spans } = play(
      [
        by(10, { kind: 'accept', role: 'server' }),
        by(20, { direction: 'ingress', text: 'Q a 1\n', role: 'server' }),
        by(30, { direction: 'egress', text: 'A 201\n', role: 'server' }),
        by(30, { direction: 'ingress', text: 'Q b 2\n', role: 'server' }),
        by(20, { direction: 'egress', text: 'A 202\n', role: 'server' }),
        by(20, { direction: 'ingress', text: 'Q c 3\n', role: 'server' }),
        by(10, { kind: 'close', role: 'server' }),
      ],
      { processes: [facts(10, 110), facts(20, 120), facts(30, 130)] },
    );
    const seen = spans.map((span) => [span.endpoint, span.processId, span.processName, span.server.processResourceId]);
    expect(seen).toEqual([
      ['a', 20, 'worker-20', 120],
      ['b', 30, 'worker-30', 130],
      ['c', 20, 'worker-20', 120],
    ]);
    expect(spans.map((span) => span.status)).toEqual(['ok', 'ok', 'closed']);
  });

  test('makes calls of the process that writes them, not of the one that connected', () => {
    const { spans } = play(
      [
        by(10, { kind: 'connect', direction: 'egress', role: 'client' }),
        by(20, { direction: 'egress', text: 'Q a 1\n', role: 'client', connectId: 100 }),
        by(10, { direction: 'ingress', text: 'A 200\n', role: 'client' }),
      ],
      { processes: [facts(10, 110), facts(20, 120)] },
    );
    expect(spans).toMatchObject([{ processId: 20, processName: 'worker-20', client: { processResourceId: 120 } }]);
  });
});

describe('datagrams', () => {
  test('are paired by peer', () => {
    const peer = (last: number, given: Given): Given => ({
      ...given,
      transport: 'udp',
      remoteAddress: Uint8Array.of(10, 0, 0, last),
    });
    const { spans } = play([
      peer(5, { direction: 'ingress', text: 'Q a 1\n' }),
      peer(6, { direction: 'ingress', text: 'Q b 2\n' }),
      peer(6, { direction: 'egress', text: 'A 206\n' }),
      peer(5, { direction: 'egress', text: 'A 205\n' }),
    ]);
    expect(spans.map((span) => [span.endpoint, span.responseCode, span.client.address[3]])).toEqual([
      ['b', 206, 6],
      ['a', 205, 5],
    ]);
  });
});

describe('bounds', () => {
  test('beyond the number of sockets, the one without events for the longest is forgotten with its requests', () => {
    const { spans, counters } = play(
      [1, 2, 3].map((socketId) => ({ ...call, socketId })).concat([{ ...response, socketId: 3 }]),
      { config: { maxSockets: 2 } },
    );
    expect(spans).toHaveLength(1);
    expect(counters.dropped.evicted).toBe(1);
    expect(counters.buffered).toBe(1);
  });

  test('beyond the number of open requests, the oldest is dropped', () => {
    const { counters } = play(
      [1, 2, 3, 4].map((socketId) => ({ ...call, socketId })),
      { config: { maxOpenRequests: 2 } },
    );
    expect(counters.dropped.evicted).toBe(2);
    expect(counters.buffered).toBe(2);
  });
});

test('100 Continue: the body that comes after it still belongs to the request', () => {
  const { spans } = play([
    { direction: 'ingress', text: 'Q up 1 400\n', socketId: 1, role: 'server' },
    { direction: 'egress', text: 'continue', socketId: 1, role: 'server', after: 100 },
    { direction: 'ingress', text: '', length: 400, socketId: 1, role: 'server' },
    { direction: 'egress', text: 'Q a 1\n', socketId: 2, role: 'client', after: 102 },
    { direction: 'ingress', text: 'A 200\n', socketId: 2, role: 'client' },
    { direction: 'egress', text: '\nA 200\n', socketId: 1, role: 'server', after: 104 },
  ]);
  const server = spans.find((span) => span.observationPoint === 's-p')!;
  const client = spans.find((span) => span.observationPoint === 'c-p')!;
  expect(client.causes).toMatchObject([{ kind: 'request', spanId: server.spanId, learned: true }]);
  expect(server.causes).toMatchObject([{ kind: 'response', spanId: client.spanId, learned: true }]);
});
