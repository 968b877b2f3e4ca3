import { expect, test } from 'vitest';
import { dissectors } from '../../protocols/dissectors.ts';
import { http } from '../../protocols/testing/wire.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { runAgent } from '../testing/run-agent.ts';
import { Kernel, type SimulatedSocket } from './testing/simulate-kernel.ts';

/** One thread of a proxy that waits for the end of a connection before it answers. */
const thread = 1;
const answer = http(['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok').toString();
const ask = (path: string): string => http([`GET ${path} HTTP/1.1`, 'Host: x']).toString();

function reads(kernel: Kernel, socket: SimulatedSocket, text: string): void {
  kernel.nowNs += 1_000_000;
  kernel.read(thread, socket, text, text.length);
}

function writes(kernel: Kernel, socket: SimulatedSocket, text: string): void {
  kernel.nowNs += 1_000_000;
  kernel.write(thread, socket, text);
}

/** A request that was read, and called another server on a connection of its own. */
function passedOn(
  kernel: Kernel,
  path: string,
): { readonly client: SimulatedSocket; readonly backend: SimulatedSocket } {
  kernel.wait(thread);
  const client = kernel.accepted(thread);
  reads(kernel, client, ask(path));
  const backend = kernel.connected(thread);
  writes(kernel, backend, ask(`${path}/passed-on`));
  return { client, backend };
}

const named = (spans: readonly Span[], path: string): Span =>
  spans.find(({ requestResource }) => requestResource === path)!;

test('a reply at the end of a connection continues the response that came on it, not what was read before the end', () => {
  const kernel = new Kernel();
  const first = passedOn(kernel, '/first');
  const second = passedOn(kernel, '/second');
  kernel.wait(thread);
  reads(kernel, first.backend, answer);
  kernel.wait(thread);
  reads(kernel, second.backend, answer);
  kernel.end(thread, first.backend);
  writes(kernel, first.client, answer);
  const { spans } = runAgent(kernel.events, { dissectors });
  const { spanId } = named(spans, '/first/passed-on');
  expect(named(spans, '/first').causes).toMatchObject([{ kind: 'response', spanId }]);
});

test('the end of a connection changes neither times nor sizes', () => {
  const kernel = new Kernel();
  const { client, backend } = passedOn(kernel, '/first');
  reads(kernel, backend, answer);
  kernel.nowNs += 1e9;
  kernel.wait(thread);
  kernel.end(thread, backend);
  writes(kernel, client, answer);
  const call = named(runAgent(kernel.events, { dissectors }).spans, '/first/passed-on');
  expect(call).toMatchObject({ status: 'ok', durationNs: 1_000_000, responseBytes: answer.length });
});

test('a connection that is begun at the end of another one may be for a request that waited for that: no cause', () => {
  const kernel = new Kernel();
  const first = passedOn(kernel, '/first');
  kernel.wait(thread);
  reads(kernel, first.backend, answer);
  kernel.wait(thread);
  kernel.end(thread, first.backend);
  const next = kernel.connected(thread);
  writes(kernel, next, ask('/next'));
  reads(kernel, next, answer);
  const { spans } = runAgent(kernel.events, { dissectors });
  expect(named(spans, '/next').causes.filter(({ rule }) => rule === 'last_read')).toEqual([]);
});
