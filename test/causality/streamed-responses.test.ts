/**
 * Handlers that answer in parts: what they call between the head and the last byte belongs to the request, what they call
 * behind that does not. From events of HTTP to traces.
 */
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../core/config/load-config.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { correlatorConfig } from '../../correlator/config.ts';
import { Correlator } from '../../correlator/stage.ts';
import { finalTraces, tracesOf } from '../../correlator/testing/span-messages.ts';
import { Kernel, type SimulatedSocket } from '../../enricher/causality/testing/simulate-kernel.ts';
import { runAgent } from '../../enricher/testing/run-agent.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { http } from '../../protocols/testing/wire.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { writeSpanBatch } from '../../schemas/generated/span-batch.ts';

/** One thread of a server with its connections. */
class Server {
  readonly kernel = new Kernel();
  private readonly pool: SimulatedSocket[] = [];
  /** A loop waits for several sockets at once before each read; a thread blocks in one read. */
  private readonly isLoop: boolean;

  constructor(isLoop: boolean) {
    this.isLoop = isLoop;
  }

  asked(path: string, client = this.kernel.accepted(1)): SimulatedSocket {
    const head = http([`GET ${path} HTTP/1.1`, 'Host: front']).toString();
    this.reads(client, head);
    return client;
  }

  closes(client: SimulatedSocket): void {
    this.kernel.nowNs += 1_000_000;
    this.kernel.close(1, client);
  }

  writes(client: SimulatedSocket, text: string): void {
    this.kernel.nowNs += 1_000_000;
    this.kernel.write(1, client, text);
  }

  head(client: SimulatedSocket): void {
    this.writes(client, http(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked']).toString());
  }

  whole(client: SimulatedSocket): void {
    this.writes(client, http(['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok').toString());
  }

  begin(path: string): SimulatedSocket {
    const backend = this.pool.pop() ?? this.kernel.connected(1);
    this.writes(backend, http([`GET ${path} HTTP/1.1`, 'Host: back']).toString());
    return backend;
  }

  end(backend: SimulatedSocket): void {
    this.reads(backend, http(['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok').toString());
    this.pool.push(backend);
  }

  call(path: string): void {
    this.end(this.begin(path));
  }

  private reads(socket: SimulatedSocket, text: string): void {
    this.kernel.nowNs += 1_000_000;
    if (this.isLoop) this.kernel.wait(1);
    this.kernel.read(1, socket, text, text.length);
  }
}

const part = '2\r\nok\r\n';
const last = '0\r\n\r\n';

function correlated(spans: readonly Span[]): readonly Span[] {
  const correlator = new Correlator(loadConfig({}, { correlator: correlatorConfig }).correlator);
  const watermarkNs = spans.reduce((latest, { startTimeNs, durationNs }) => {
    const endNs = startTimeNs + BigInt(durationNs);
    return endNs > latest ? endNs : latest;
  }, 0n);
  const value = encodeValue({ agentId: spans[0]!.agentId, watermarkNs, spans }, writeSpanBatch);
  const { topic, key, headers } = outgoingMessage('spans', '1', 'SpanBatch', value);
  const place = { partition: 0, offset: 0, timestampMs: 0 };
  const sent = correlator.process({ topic, key, value, headers: headers ?? {}, ...place }, 0);
  return finalTraces(tracesOf([...sent, ...correlator.drain()])).flatMap((trace) => trace.spans);
}

/** By path of the call, the path of the request that is its parent. */
function parentsOf(server: Server): Readonly<Record<string, string>> {
  const spans = correlated(runAgent(server.kernel.events, { dissectors }).spans);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const calls = spans.filter((span) => span.observationPoint === 'c-p');
  return Object.fromEntries(
    calls.map((call) => [call.requestResource, byId.get(call.parentSpanId)?.requestResource ?? '']),
  );
}

describe.each([
  ['a thread', false],
  ['a loop', true],
])('%s', (_, isLoop) => {
  test('that sends its head first: the calls of the body are its own', () => {
    const server = new Server(isLoop);
    for (let number = 0; number < 20; number++) {
      const client = server.asked(`/stream-${number}`);
      server.head(client);
      server.call(`/first-${number}`);
      server.writes(client, part);
      server.call(`/second-${number}`);
      server.writes(client, part);
      server.writes(client, last);
    }
    const parents = parentsOf(server);
    for (let number = 10; number < 20; number++)
      for (const name of ['first', 'second']) expect(parents[`/${name}-${number}`]).toBe(`/stream-${number}`);
  });

  test('that goes on to work behind its answer: no request is the parent', () => {
    const server = new Server(isLoop);
    for (let number = 0; number < 20; number++) {
      const client = server.asked(`/answered-${number}`);
      server.call(`/own-${number}`);
      server.whole(client);
      server.call(`/behind-${number}`);
    }
    const parents = parentsOf(server);
    for (let number = 10; number < 20; number++) {
      expect(parents[`/own-${number}`]).toBe(`/answered-${number}`);
      expect(parents[`/behind-${number}`]).toBe('');
    }
  });

  test('that is asked again on its connection: each body has its own calls, what comes between two has none', () => {
    const server = new Server(isLoop);
    const client = server.asked('/stream-0');
    for (let number = 0; number < 20; number++) {
      if (number > 0) server.asked(`/stream-${number}`, client);
      server.head(client);
      server.call(`/own-${number}`);
      server.writes(client, part);
      server.writes(client, last);
      server.call(`/between-${number}`);
    }
    const parents = parentsOf(server);
    for (let number = 10; number < 20; number++) {
      expect(parents[`/own-${number}`]).toBe(`/stream-${number}`);
      expect(parents[`/between-${number}`]).toBe('');
    }
  });

  test('whose clients leave within the body: what it calls then has no parent, and the next request has its own calls', () => {
    const server = new Server(isLoop);
    for (let number = 0; number < 20; number++) {
      const left = server.asked(`/left-${number}`);
      server.head(left);
      server.call(`/before-${number}`);
      server.writes(left, part);
      server.closes(left);
      server.call(`/after-${number}`);
      const client = server.asked(`/whole-${number}`);
      server.call(`/own-${number}`);
      server.whole(client);
    }
    const parents = parentsOf(server);
    for (let number = 0; number < 20; number++) {
      expect(['', `/left-${number}`]).toContain(parents[`/before-${number}`]);
      expect(parents[`/after-${number}`]).toBe('');
      expect(['', `/whole-${number}`]).toContain(parents[`/own-${number}`]);
      if (number >= 10) expect(parents[`/own-${number}`]).toBe(`/whole-${number}`);
    }
  });
});

test('a loop that sends several bodies at once: a call has the right parent or none', () => {
  const server = new Server(true);
  for (let number = 0; number < 20; number++) {
    const one = server.asked(`/one-${number}`);
    server.head(one);
    const oneCall = server.begin(`/of-one-${number}`);
    const two = server.asked(`/two-${number}`);
    server.head(two);
    const twoCall = server.begin(`/of-two-${number}`);
    server.end(oneCall);
    server.writes(one, part);
    server.writes(one, last);
    server.end(twoCall);
    server.writes(two, part);
    server.writes(two, last);
  }
  const parents = parentsOf(server);
  for (let number = 0; number < 20; number++) {
    expect(['', `/one-${number}`]).toContain(parents[`/of-one-${number}`]);
    expect(['', `/two-${number}`]).toContain(parents[`/of-two-${number}`]);
  }
});

test('a loop that learned from one body at a time: calls of bodies that overlap have the right parent or none', () => {
  const server = new Server(true);
  for (let number = 0; number < 100; number++) {
    const client = server.asked(`/single-${number}`);
    server.call(`/early-${number}`);
    server.head(client);
    server.call(`/late-${number}`);
    server.writes(client, part + last);
  }
  for (let number = 0; number < 20; number++) {
    const one = server.asked(`/one-${number}`);
    server.head(one);
    const two = server.asked(`/two-${number}`);
    server.head(two);
    // Both work from timers: what was read last says nothing of whose turn it is.
    server.kernel.wake(1);
    const oneCall = server.begin(`/of-one-${number}`);
    const twoCall = server.begin(`/of-two-${number}`);
    server.end(twoCall);
    server.writes(one, part);
    server.call(`/of-two-again-${number}`);
    server.writes(two, part + last);
    server.end(oneCall);
    server.writes(one, part + last);
  }
  const parents = parentsOf(server);
  for (let number = 0; number < 20; number++) {
    expect(['', `/one-${number}`]).toContain(parents[`/of-one-${number}`]);
    for (const name of ['of-two', 'of-two-again'])
      expect(['', `/two-${number}`]).toContain(parents[`/${name}-${number}`]);
  }
});
