import { expect, test } from 'vitest';
import { dissectors } from '../../protocols/dissectors.ts';
import { http } from '../../protocols/testing/wire.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { runAgent } from '../testing/run-agent.ts';
import { Kernel, type SimulatedSocket } from './testing/simulate-kernel.ts';

const serving = 1;
const others = 2;
const working = 11;
const answer = http(['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok').toString();
const ask = (path: string): string => http([`GET ${path} HTTP/1.1`, 'Host: x']).toString();

/** Threads that serve requests, and threads of a pool that call. */
class Process {
  private readonly kernel = new Kernel();

  constructor() {
    // What woke the first thread is seen before anything is kept.
    this.calls(working, '/first');
    this.kernel.wakes(working, others);
    this.reads(others, this.kernel.accepted(others), ask('/warm-up'));
  }

  reads(thread: number, socket: SimulatedSocket, text: string): void {
    this.kernel.nowNs += 1_000_000;
    this.kernel.read(thread, socket, text, text.length);
  }

  writes(thread: number, socket: SimulatedSocket, text: string): void {
    this.kernel.nowNs += 1_000_000;
    this.kernel.write(thread, socket, text);
  }

  asked(thread: number, path: string): SimulatedSocket {
    const client = this.kernel.accepted(thread);
    this.reads(thread, client, ask(path));
    return client;
  }

  /** Makes calls at once, on one connection. */
  pipelines(thread: number, ...paths: readonly string[]): SimulatedSocket {
    const backend = this.kernel.connected(thread);
    for (const path of paths) this.writes(thread, backend, ask(path));
    return backend;
  }

  calls(thread: number, path: string, ...parts: readonly string[]): void {
    const backend = this.pipelines(thread, path);
    for (const part of parts.length === 0 ? [answer] : parts) this.reads(thread, backend, part);
  }

  wakes(thread: number, woken: number): void {
    this.kernel.wakes(thread, woken);
  }

  /** What a reply has as hints: paths of calls, and the confidence. */
  hints(path: string): readonly (readonly [string, number])[] {
    const { spans } = runAgent(this.kernel.events, { dissectors });
    const named = (wanted: (span: Span) => boolean): Span => spans.find(wanted)!;
    const { causes } = named(({ requestResource }) => requestResource === path);
    const hints = causes.filter(({ rule }) => rule === 'wake');
    for (const hint of hints) expect(hint).toMatchObject({ kind: 'response', learned: false });
    return hints.map((hint) => [named(({ spanId }) => spanId === hint.spanId).requestResource, hint.confidence]);
  }
}

test('a reply has calls as hints whose responses were read by threads that woke its own', () => {
  const process = new Process();
  const client = process.asked(serving, '/a');
  process.calls(working, '/a/1');
  process.wakes(working, serving);
  // It goes on with its work, and waits again.
  process.calls(serving, '/a/own');
  process.calls(working + 1, '/a/2');
  process.calls(working, '/a/3');
  process.wakes(working + 1, serving);
  process.wakes(working, serving);
  process.writes(serving, client, answer);
  expect(process.hints('/a')).toEqual([
    ['/a/1', 0.99],
    ['/a/2', 0.99],
    ['/a/3', 0.99],
  ]);
});

test('what woke a thread before its request was read is no hint', () => {
  const process = new Process();
  process.calls(working, '/other');
  process.wakes(working, serving);
  const client = process.asked(serving, '/a');
  process.writes(serving, client, answer);
  expect(process.hints('/a')).toEqual([]);
});

test('a thread with several open requests waits for none of them: no hint', () => {
  const process = new Process();
  const first = process.asked(serving, '/a');
  process.asked(serving, '/b');
  process.calls(working, '/a/1');
  process.wakes(working, serving);
  process.writes(serving, first, answer);
  expect(process.hints('/a')).toEqual([]);
});

test('of a response in several parts the last one counts, and of several responses in one read none', () => {
  const process = new Process();
  const client = process.asked(serving, '/a');
  process.calls(working, '/a/parts', answer.slice(0, 20), answer.slice(20));
  process.wakes(working, serving);
  process.calls(serving, '/a/own');
  const shared = process.pipelines(working, '/a/1', '/b/1');
  process.reads(working, shared, answer + answer);
  process.wakes(working, serving);
  process.writes(serving, client, answer);
  expect(process.hints('/a')).toEqual([['/a/parts', 0.99]]);
});

test('a request keeps the latest sixteen', () => {
  const process = new Process();
  const client = process.asked(serving, '/a');
  for (let number = 0; number < 20; number++) {
    process.calls(working, `/a/${number}`);
    process.wakes(working, serving);
    process.calls(serving, '/own');
  }
  process.writes(serving, client, answer);
  expect(process.hints('/a').map(([path]) => path)).toEqual(
    Array.from({ length: 16 }, (_, index) => `/a/${index + 4}`),
  );
});
