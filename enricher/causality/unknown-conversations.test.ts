import { expect, test } from 'vitest';
import { dissectors } from '../../protocols/dissectors.ts';
import { http } from '../../protocols/testing/wire.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { runAgent } from '../testing/run-agent.ts';
import { Kernel, type SimulatedSocket } from './testing/simulate-kernel.ts';

/** A server that asks a service whose protocol is not known (a name service cache) while it serves a request. */
const thread = 1;
const answer = http(['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok').toString();
const ask = (path: string): string => http([`GET ${path} HTTP/1.1`, 'Host: x']).toString();

function reads(kernel: Kernel, socket: SimulatedSocket, text: string, bytes = text.length): void {
  kernel.nowNs += 1_000_000;
  kernel.read(thread, socket, text, bytes);
}

function writes(kernel: Kernel, socket: SimulatedSocket, text: string, bytes = text.length): void {
  kernel.nowNs += 1_000_000;
  kernel.write(thread, socket, text, bytes);
}

/** Nothing of what is said leaves the host. */
function asksUnknown(kernel: Kernel, socket: SimulatedSocket): void {
  writes(kernel, socket, '', 40);
  reads(kernel, socket, '', 12);
  reads(kernel, socket, '', 100);
}

function accepts(kernel: Kernel, path: string): SimulatedSocket {
  const client = kernel.accepted(thread);
  reads(kernel, client, ask(path));
  return client;
}

function calls(kernel: Kernel, path: string): void {
  const backend = kernel.connected(thread);
  writes(kernel, backend, ask(path));
  reads(kernel, backend, answer);
}

const named = (spans: readonly Span[], path: string): Span =>
  spans.find(({ requestResource }) => requestResource === path)!;

test('the work goes on with the request', () => {
  const kernel = new Kernel();
  const service = kernel.connected(thread);
  const client = accepts(kernel, '/a');
  asksUnknown(kernel, service);
  asksUnknown(kernel, service);
  calls(kernel, '/a/called');
  asksUnknown(kernel, service);
  writes(kernel, client, answer);
  const { spans } = runAgent(kernel.events, { dissectors });
  const { causes } = named(spans, '/a/called');
  expect(causes).toMatchObject([{ kind: 'request', spanId: named(spans, '/a').spanId, rule: 'last_read' }]);
  const { spanId } = named(spans, '/a/called');
  expect(named(spans, '/a').causes).toMatchObject([{ kind: 'response', spanId }]);
});

test.each([
  ['another request is open', (kernel: Kernel) => void accepts(kernel, '/b')],
  ['the thread waited for many sockets meanwhile', (kernel: Kernel) => kernel.wait(thread)],
])('nothing is known of it when %s', (_, between) => {
  const kernel = new Kernel();
  const service = kernel.connected(thread);
  accepts(kernel, '/a');
  writes(kernel, service, '', 40);
  between(kernel);
  reads(kernel, service, '', 100);
  calls(kernel, '/called');
  const { causes } = named(runAgent(kernel.events, { dissectors }).spans, '/called');
  expect(causes.filter(({ rule }) => rule === 'last_read')).toEqual([]);
});
