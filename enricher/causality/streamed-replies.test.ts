import { describe, expect, test } from 'vitest';
import { dissectors } from '../../protocols/dissectors.ts';
import { http } from '../../protocols/testing/wire.ts';
import type { Cause, Span } from '../../schemas/generated/span.ts';
import { runAgent } from '../testing/run-agent.ts';
import { Causality } from './causality.ts';
import { Kernel, type SimulatedSocket } from './testing/simulate-kernel.ts';

const thread = 1;
const head = http(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked']).toString();
const whole = http(['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok').toString();
const part = '2\r\nok\r\n';
const last = '0\r\n\r\n';

function reads(kernel: Kernel, socket: SimulatedSocket, text: string): void {
  kernel.nowNs += 1_000_000;
  kernel.read(thread, socket, text, text.length);
}

function writes(kernel: Kernel, socket: SimulatedSocket, text: string): void {
  kernel.nowNs += 1_000_000;
  kernel.write(thread, socket, text);
}

/** A request whose body has begun. */
function streaming(kernel: Kernel, path: string, text = head + part): SimulatedSocket {
  const client = kernel.accepted(thread);
  reads(kernel, client, http([`GET ${path} HTTP/1.1`, 'Host: front']).toString());
  writes(kernel, client, text);
  return client;
}

function call(kernel: Kernel, path: string): void {
  const backend = kernel.connected(thread);
  writes(kernel, backend, http([`GET ${path} HTTP/1.1`, 'Host: back']).toString());
  reads(kernel, backend, whole);
}

/** A request with a call, answered in one piece. */
function usual(kernel: Kernel): void {
  const client = kernel.accepted(thread);
  reads(kernel, client, http(['GET /usual HTTP/1.1', 'Host: front']).toString());
  call(kernel, '/of-usual');
  writes(kernel, client, whole);
}

const named = (spans: readonly Span[], path: string): Span =>
  spans.find(({ requestResource }) => requestResource === path)!;

const fromRequest = (spans: readonly Span[], path: string): Partial<Cause> => ({
  kind: 'request',
  spanId: named(spans, path).spanId,
});

test('what is called between the parts of a reply continues its request; what is called behind the last does not', () => {
  const kernel = new Kernel();
  const client = streaming(kernel, '/stream');
  call(kernel, '/within');
  writes(kernel, client, part + last);
  call(kernel, '/behind');
  const { spans } = runAgent(kernel.events, { dissectors });
  expect(named(spans, '/within').causes).toMatchObject([{ ...fromRequest(spans, '/stream'), learned: true }]);
  expect(named(spans, '/behind').causes.filter(({ learned }) => learned)).toEqual([]);
});

test('a pipelined request is blocked up to the last byte of the reply before it', () => {
  const kernel = new Kernel();
  const client = kernel.accepted(thread);
  const ask = (path: string): string => http([`GET ${path} HTTP/1.1`, 'Host: front']).toString();
  reads(kernel, client, ask('/first') + ask('/second'));
  writes(kernel, client, head);
  call(kernel, '/within');
  writes(kernel, client, part + last);
  writes(kernel, client, whole);
  const { spans } = runAgent(kernel.events, { dissectors });
  // What was read last led to the end of the first body, not to the second reply.
  expect(named(spans, '/second').causes).toEqual([]);
});

describe('while a body is being sent, another request is one of two, and the only one again', () => {
  const learned = (kernel: Kernel, config = {}): boolean => {
    const { spans } = runAgent(kernel.events, { dissectors, batchEvents: 1, config });
    const { causes } = named(spans, '/of-usual');
    expect(causes).toMatchObject([fromRequest(spans, '/usual')]);
    return causes[0]!.learned;
  };

  test('not before the end', () => {
    const kernel = new Kernel();
    streaming(kernel, '/stream');
    usual(kernel);
    expect(learned(kernel)).toBe(false);
  });

  test('behind its last byte', () => {
    const kernel = new Kernel();
    writes(kernel, streaming(kernel, '/stream'), last);
    usual(kernel);
    expect(learned(kernel)).toBe(true);
  });

  test('when its connection is closed', () => {
    const kernel = new Kernel();
    kernel.close(thread, streaming(kernel, '/stream'));
    usual(kernel);
    expect(learned(kernel)).toBe(true);
  });

  test('when the time limit has passed', () => {
    const kernel = new Kernel();
    streaming(kernel, '/stream');
    kernel.nowNs += 600e9;
    // Time passes with the batch of an event.
    kernel.accepted(thread);
    usual(kernel);
    expect(learned(kernel)).toBe(true);
  });

  test('when its socket is evicted', () => {
    const kernel = new Kernel();
    streaming(kernel, '/stream');
    for (let more = 0; more < 2; more++) writes(kernel, streaming(kernel, '/more'), last);
    usual(kernel);
    expect(learned(kernel, { maxSockets: 3 })).toBe(true);
    expect(learned(kernel, { maxSockets: 10 })).toBe(false);
  });

  test('when it is evicted itself', () => {
    const kernel = new Kernel();
    streaming(kernel, '/stream');
    for (let more = 0; more < 2; more++)
      kernel.write(2, kernel.connected(2), http(['GET /open HTTP/1.1', 'Host: back']).toString());
    usual(kernel);
    expect(learned(kernel, { maxOpenRequests: 2 })).toBe(true);
    expect(learned(kernel, { maxOpenRequests: 10 })).toBe(false);
  });

  test('once its end is hidden from the capture', () => {
    const kernel = new Kernel();
    const client = streaming(kernel, '/stream', head);
    kernel.nowNs += 1_000_000;
    // Where the next chunk begins was not captured.
    kernel.write(thread, client, '2bc\r\nsome', 900);
    usual(kernel);
    expect(learned(kernel)).toBe(true);
  });
});

test('however requests end, their numbers come back to zero', () => {
  const causality = new Causality(10);
  const name = {
    processId: 1,
    contextKind: 'thread',
    threadId: 1,
    contextId: 1,
    contextAncestors: [],
    answersTo: [],
    wokenAfter: [],
  } as const;
  const context = causality.context(name, 0);
  const requests = ['answered', 'given up', 'broken off'].map((id) => causality.request(context, id, 0, '', false));
  const [answered, givenUp, brokenOff] = requests;
  causality.reply(answered!, context, 1, undefined);
  expect([context.openRequests, context.awaitingReply]).toEqual([3, 2]);
  causality.reply(brokenOff!, context, 2, undefined);
  causality.end(givenUp!);
  expect([context.openRequests, context.awaitingReply]).toEqual([2, 0]);
  for (const request of [...requests, ...requests]) causality.end(request);
  expect([context.openRequests, context.awaitingReply]).toEqual([0, 0]);
});
