import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { unsignedAccepted } from '../../../core/agents/agent-signature.ts';
import type { Bus, OutgoingMessage } from '../../../core/bus/bus.ts';
import { openEmbeddedBus } from '../../../core/bus/embedded/embedded-bus.ts';
import { imbalance } from '../../../core/stage/accounting.ts';
import { createLogger } from '../../../core/telemetry/logger.ts';
import { reportedStages } from '../../../core/telemetry/stage-telemetry.ts';
import { createTelemetry, type Telemetry } from '../../../core/telemetry/telemetry.ts';
import { compactedTopics } from '../../../core/topics.ts';
import { AvroReader } from '../../../schemas/avro-reader.ts';
import { type DeadLetter, readDeadLetter } from '../../../schemas/generated/dead-letter.ts';
import type { Accounting } from '../../../core/stage/stage.ts';
import { gatewayResource, makeLoadTrace, resourceMessage, traceMessage } from '../../testing/traces.ts';
import { type Decide, openReceiver, type Protocol, type Receiver } from '../testing/otlp-receiver.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import { runOtlpEndpoint } from './run.ts';

const closes: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
});

async function newBus(): Promise<Bus> {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-otlp-'));
  closes.push(() => rmSync(directory, { recursive: true, force: true }));
  const bus = openEmbeddedBus({ directory });
  closes.push(() => bus.close());
  const names = ['traces', 'resources', 'agent-resources', 'dead-letter'];
  await bus.ensureTopics(names.map((name) => ({ name, partitions: 2, compacted: compactedTopics.includes(name) })));
  return bus;
}

async function receiver(protocol: Protocol, decide: Decide, port = 0): Promise<Receiver> {
  const opened = await openReceiver(protocol, decide, port);
  closes.push(() => opened.close());
  return opened;
}

const optionsFor = (protocol: Protocol, port: number, facts: Partial<EndpointOptions> = {}): EndpointOptions => ({
  protocol,
  url: new URL(`http://127.0.0.1:${port}/v1/traces`),
  address: `127.0.0.1:${port}`,
  isTls: false,
  authorities: [],
  headers: { authorization: 'Bearer abc' },
  timeoutMs: 30_000,
  isCompressed: true,
  maxRequestBytes: 64 * 1024,
  maxRequests: 3,
  ...facts,
});

interface Run {
  readonly pauses: readonly number[];
  readonly accounting: Accounting;
  readonly letters: readonly DeadLetter[];
}

/** Sends these messages, runs the stage to their end, and returns what became of them. @param paused called in each pause */
async function run(
  bus: Bus,
  endpoint: EndpointOptions,
  messages: readonly OutgoingMessage[],
  paused: () => Promise<void> = () => Promise.resolve(),
): Promise<Run> {
  const producer = await bus.producer();
  await producer.send(messages);
  const telemetry: Telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
  const pauses: number[] = [];
  await runOtlpEndpoint({
    endpoint,
    networkSpans: true,
    signatures: unsignedAccepted,
    bus,
    telemetry,
    signal: AbortSignal.timeout(50_000),
    untilEnd: true,
    now: () => 0,
    // The whole pause.
    random: () => 1,
    sleep: (milliseconds) => {
      pauses.push(milliseconds);
      return paused();
    },
  });
  const [stage] = reportedStages(telemetry);
  return { pauses, accounting: stage!.accounting, letters: await lettersOf(bus) };
}

async function lettersOf(bus: Bus): Promise<readonly DeadLetter[]> {
  const consumer = await bus.consumer({ group: 'letters', topics: ['dead-letter'] });
  const letters: DeadLetter[] = [];
  for (let polled = -1; polled < letters.length;) {
    polled = letters.length;
    const { messages } = await consumer.poll({ maxWaitMs: 300, maxBytes: 1e9 });
    letters.push(...messages.map(({ value }) => readDeadLetter(new AvroReader(Buffer.from(value)))));
  }
  await consumer.close();
  return letters;
}

const load = (count: number): readonly OutgoingMessage[] =>
  Array.from({ length: count }, (_, index) => traceMessage(makeLoadTrace(index + 1), 0));
const idsOf = (accepted: Receiver['accepted']): readonly string[] =>
  accepted
    .flat()
    .map(({ traceId, spanId }) => `${traceId} ${spanId}`)
    .sort();
const idsOfLoad = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => makeLoadTrace(index + 1))
    .flatMap(({ traceId, spans }) => spans.map(({ spanId }) => `${traceId} ${spanId}`))
    .sort();

/** A fault for each of the first requests, then none. */
function once(...faults: readonly ReturnType<Decide>[]): Decide {
  const left = [...faults];
  return () => left.shift();
}

describe.each<Protocol>(['grpc', 'http/protobuf'])('an OTLP endpoint by %s', (protocol) => {
  it('gets every span once, several traces in a request, with the headers and the names of services', async () => {
    const server = await receiver(protocol, () => undefined);
    const messages = [resourceMessage(gatewayResource(), 0), ...load(100)];
    const { accounting, pauses, letters } = await run(await newBus(), optionsFor(protocol, server.port), messages);
    expect(idsOf(server.accepted)).toEqual(idsOfLoad(100));
    expect(server.accepted.length).toBeLessThan(50);
    expect(server.headers()).toMatchObject({ authorization: 'Bearer abc' });
    for (const { resource, attributes } of server.accepted.flat())
      if (attributes['spanloom.reason'] === 'root') expect(resource['service.name']).toBe('gateway');
    expect(accounting).toMatchObject({ received: 800, emitted: 800, buffered: 0 });
    expect([pauses, letters]).toEqual([[], []]);
  });

  it('that is busy gets what it did not take later: as soon as it says, and after growing pauses', async () => {
    const server = await receiver(
      protocol,
      once({ kind: 'later' }, { kind: 'later' }, { kind: 'later', seconds: 7 }, { kind: 'later' }),
    );
    const endpoint = optionsFor(protocol, server.port, { maxRequests: 1, maxRequestBytes: 1e6 });
    const { pauses, accounting } = await run(await newBus(), endpoint, load(5));
    expect(pauses).toEqual([100, 200, 7_000, 800]);
    expect(idsOf(server.accepted)).toEqual(idsOfLoad(5));
    expect(accounting).toMatchObject({ received: 40, emitted: 40, buffered: 0 });
  });

  it('that is not there is waited for', async () => {
    const former = await openReceiver(protocol, () => undefined);
    await former.close();
    const servers: Receiver[] = [];
    const { pauses } = await run(await newBus(), optionsFor(protocol, former.port), load(20), async () => {
      if (servers.length === 0) servers.push(await receiver(protocol, () => undefined, former.port));
    });
    expect(pauses).toEqual([100]);
    expect(idsOf(servers[0]!.accepted)).toEqual(idsOfLoad(20));
  });

  it('that closes in the middle of a request, or does not answer, gets it again', async () => {
    const server = await receiver(protocol, once({ kind: 'cut' }, { kind: 'silent' }));
    const endpoint = optionsFor(protocol, server.port, { maxRequests: 1, timeoutMs: 300 });
    const { accounting } = await run(await newBus(), endpoint, load(3));
    // A slow machine may not answer in time either: then the same spans come again.
    expect([...new Set(idsOf(server.accepted))]).toEqual(idsOfLoad(3));
    expect(accounting).toMatchObject({ emitted: 24, buffered: 0 });
  });

  it('that refuses one trace gets all others; that one is a dead letter with its words', async () => {
    const bad = makeLoadTrace(13).traceId;
    const refuses: Decide = (spans) =>
      spans.some(({ traceId }) => traceId === bad) ? { kind: 'refuse', words: 'a span is too odd' } : undefined;
    const server = await receiver(protocol, refuses);
    const { accounting, letters, pauses } = await run(await newBus(), optionsFor(protocol, server.port), load(30));
    expect(idsOf(server.accepted)).toEqual(idsOfLoad(30).filter((id) => !id.startsWith(bad)));
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({ stage: 'sink-otlp-endpoint', reason: 'refused', topic: 'traces', key: bad });
    expect(letters[0]!.detail).toContain('a span is too odd');
    expect(accounting).toMatchObject({ received: 240, emitted: 232, rejected: { refused: 8 }, buffered: 0 });
    expect(pauses).toEqual([]);
  });

  it('that refuses the login makes dead letters of what was sent, without a request for each trace', async () => {
    let requests = 0;
    const server = await receiver(protocol, () => (requests++, { kind: 'unauthenticated' }));
    const endpoint = optionsFor(protocol, server.port, { maxRequests: 1, maxRequestBytes: 1e6 });
    const { letters, accounting } = await run(await newBus(), endpoint, load(10));
    expect(letters).toHaveLength(10);
    expect(requests).toBeLessThan(5);
    expect(accounting).toMatchObject({ rejected: { refused: 80 }, buffered: 0 });
    expect(JSON.stringify(letters.map(({ detail }) => detail))).not.toContain('abc');
  });

  it('that takes a part counts the rest as rejected', async () => {
    const server = await receiver(protocol, once({ kind: 'partial', rejectedSpans: 3, words: 'too old' }));
    const { accounting, letters } = await run(await newBus(), optionsFor(protocol, server.port), load(4));
    expect(accounting).toMatchObject({ received: 32, emitted: 29, rejected: { partial_success: 3 }, buffered: 0 });
    expect(imbalance(accounting)).toBe(0);
    expect(letters).toEqual([]);
  });

  it('gets a large trace in several requests, and revisions of a trace in their order', async () => {
    const server = await receiver(protocol, () => undefined);
    const trace = makeLoadTrace(1);
    const revisions = [1, 2, 3, 4].map((revision) => traceMessage({ ...trace, revision }, 0));
    const endpoint = optionsFor(protocol, server.port, { maxRequestBytes: 2_000, isCompressed: false });
    await run(await newBus(), endpoint, revisions);
    const received = server.accepted.flat().map(({ attributes }) => Number(attributes['spanloom.revision']));
    expect(received).toEqual(received.toSorted((a, b) => a - b));
    expect(received).toHaveLength(32);
    expect(server.accepted.length).toBeGreaterThan(4);
  });
});
