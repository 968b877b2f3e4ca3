/** Pods come and go with few addresses while spans flow, and every tag is checked against the truth. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiServer } from '../../collector/kubernetes/testing/api-server.ts';
import { ChurnWorld, type Tenure } from '../../collector/kubernetes/testing/churn-world.ts';
import { ObjectStore } from '../../collector/kubernetes/testing/object-store.ts';
import { unsignedAccepted } from '../../core/agents/agent-signature.ts';
import type { Bus, Producer } from '../../core/bus/bus.ts';
import { openEmbeddedBus } from '../../core/bus/embedded/embedded-bus.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { compactedTopics, topics } from '../../core/topics.ts';
import { readTopic } from '../../cli/bus/read-topic.ts';
import { enricherConfig } from '../../enricher/config.ts';
import { runEnricher } from '../../enricher/run.ts';
import { anEvent, anEventBatch, aProcess } from '../../schemas/testing/an-event.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { writeEventBatch } from '../../schemas/generated/event-batch.ts';
import { readSpanBatch } from '../../schemas/generated/span-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { addressText } from '../../schemas/trace-json.ts';
import { Random } from '../../core/testing/random.ts';
import { publishedVersions } from './published.ts';
import { type Publisher, startPublisher } from './publisher-process.ts';

/** As late as this, a change of which the API server has told may become effective; see docs/tagging.md. */
const effectiveMs = 2_000;
/** A watch that was cut is back, and a list that has become necessary is read, within this. */
const settleMs = 10_000;
/** The API server itself hears of an address that was given up only with the end of the pod. */
const toldMs = 1_500;

let directory: string;
let bus: Bus;
let server: ApiServer;
let store: ObjectStore;
let world: ChurnWorld;
let publisher: Publisher;
let producer: Producer;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubernetes-tags-'));
  bus = openEmbeddedBus({ directory });
  await bus.ensureTopics(topics.map((name) => ({ name, partitions: 1, compacted: compactedTopics.includes(name) })));
  store = new ObjectStore();
  const random = new Random(11);
  world = new ChurnWorld(store, random);
  server = await ApiServer.start({ store, bookmarkMs: 100, maxWatchMs: 3_000 });
  publisher = startPublisher({ bus, server, resyncMs: 2_000 });
  producer = await bus.producer();
});

afterEach(async () => {
  await publisher.stop();
  await server.close();
  await bus.close();
  rmSync(directory, { recursive: true });
});

/** When the agent's host was started. */
const bootMs = Date.now() - 3_600_000;
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const bytesOf = (address: string): Uint8Array => Uint8Array.from(address.split('.').map(Number));

/** One call that a pod makes to an address, of a process of its own, in a batch of its own. */
class Calls {
  /** Who made the call of a process id. */
  readonly callers = new Map<number, Tenure>();
  #sequence = 0;

  async make(caller: Tenure, address: string, atMs: number): Promise<void> {
    const sequence = ++this.#sequence;
    const processId = 1_000 + sequence;
    this.callers.set(processId, caller);
    const of = (id: number): object => ({
      id,
      processId,
      socketId: sequence,
      timeOffsetNs: (id % 2) * 1_000,
      localAddress: bytesOf(caller.address),
      remoteAddress: bytesOf(address),
      remotePort: 8080,
      role: 'client',
    });
    const id = sequence * 2;
    await this.#send(sequence, atMs, {
      processes: [aProcess({ processId, podUid: caller.podUid, resourceId: processId })],
      events: [
        anEvent({ ...of(id), direction: 'egress', text: `GET /${sequence} HTTP/1.1\r\nHost: shop\r\n\r\n` }),
        anEvent({ ...of(id + 1), direction: 'ingress', text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' }),
      ],
    });
  }

  /** The agent has seen nothing more until then. */
  async nothingUntil(atMs: number): Promise<void> {
    await this.#send(++this.#sequence, atMs, { processes: [], events: [] });
  }

  async #send(
    sequence: number,
    atMs: number,
    told: Pick<Parameters<typeof writeEventBatch>[1], 'processes' | 'events'>,
  ) {
    const clock = {
      baseTimeNs: BigInt(atMs) * 1_000_000n,
      baseMonotonicNs: (atMs - bootMs) * 1e6,
      untilOffsetNs: 2_000,
    };
    const value = encodeValue(anEventBatch({ hostName: 'node-0', ...clock, sequence, ...told }), writeEventBatch);
    await producer.send([outgoingMessage('events', '5', 'EventBatch', value)]);
  }
}

test('no span is tagged with a pod that did not have the address, while watches are cut and versions are gone', async () => {
  while (server.counts.watches < 12) await sleep(10);
  const stop = new AbortController();
  const enriching = runEnricher({
    config: loadConfig({ SPANLOOM_ENRICHER_TAG_SETTLE: `${settleMs}ms` }, { enricher: enricherConfig }).enricher,
    signatures: unsignedAccepted,
    bus,
    telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'fatal' }) }),
    signal: stop.signal,
  });
  const random = new Random(12);
  const calls = new Calls();
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random.next() * items.length)];
  const endMs = Date.now() + 12_000;
  // On a slow machine it takes longer until there is enough to look at.
  const isEnough = (): boolean => Date.now() >= endMs && calls.callers.size >= 600 && server.counts.gone > 0;
  for (let round = 0; !isEnough(); round++) {
    world.step(Date.now());
    if (round % 100 === 99) server.cutWatches();
    if (round % 200 === 199) {
      store.compact();
      server.goneAsEvent = !server.goneAsEvent;
      if (server.goneAsEvent) server.tellGone();
      else server.cutWatches();
    }
    const nowMs = Date.now();
    const caller = pick(world.truth.tenures.filter(({ toMs }) => toMs === undefined));
    const peer = pick(world.truth.tenures);
    if (caller !== undefined && peer !== undefined) await calls.make(caller, peer.address, nowMs);
    await sleep(5);
  }
  world.settle();
  await sleep(effectiveMs);
  await calls.nothingUntil(Date.now() + 30_000);

  const spans: Span[] = [];
  for (const deadlineMs = Date.now() + 20_000; spans.length < calls.callers.size && Date.now() < deadlineMs;) {
    await sleep(200);
    spans.length = 0;
    for await (const { value } of readTopic(bus, 'spans', new AbortController().signal))
      spans.push(...readSpanBatch(new AvroReader(Buffer.from(value))).spans);
  }
  stop.abort();
  await enriching;
  expect(new Set(spans.map(({ processId }) => processId)).size).toBe(calls.callers.size);
  expect(spans).toHaveLength(calls.callers.size);

  const uids = new Map<number, string>();
  for (const { kind, id, uid } of await publishedVersions(bus)) if (kind === 'pod') uids.set(id, uid);
  const wrong: string[] = [];
  const counts = { callers: 0, peers: 0, late: 0, stale: 0, rounded: 0, sure: 0, had: 0 };
  for (const { processId, startTimeNs, client, server: peer } of spans) {
    const caller = calls.callers.get(processId)!;
    const atMs = Number(startTimeNs / 1_000_000n);
    if (client.podId !== 0) {
      counts.callers++;
      if (uids.get(client.podId) !== caller.podUid) wrong.push(`the caller is ${caller.podName}, not ${client.podId}`);
    }
    const address = addressText(peer.address);
    const truth = world.truth.podAt(atMs, address);
    if (truth !== undefined) counts.had++;
    if (peer.podId === 0) continue;
    counts.peers++;
    const uid = uids.get(peer.podId);
    if (uid === truth?.podUid) counts.sure++;
    else {
      // The one before it, as long as the end of that could not be known here.
      const former = world.truth.tenures.find((one) => one.podUid === uid && one.address === address);
      const isLate = former?.toMs !== undefined && atMs - former.toMs <= effectiveMs + toldMs && former.fromMs <= atMs;
      // The API server tells whole seconds, cut off: of the second in which a pod got an address that nobody had.
      const isRounded = world.truth.tenures.some(
        (one) =>
          truth === undefined &&
          one.podUid === uid &&
          one.address === address &&
          Math.floor(one.fromMs / 1000) * 1000 <= atMs &&
          atMs < one.fromMs,
      );
      if (isRounded) counts.rounded++;
      else if (isLate) {
        // Who came and went while a watch was away is known to nobody.
        const isKnown = truth !== undefined && [...uids.values()].includes(truth.podUid);
        counts[isKnown ? 'stale' : 'late']++;
      } else wrong.push(`${address} is ${truth?.podName ?? 'nobody'} at ${atMs}, not ${former?.podName ?? uid}`);
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(server.counts.gone).toBeGreaterThan(0);
  expect(spans.length).toBeGreaterThan(500);
  expect(counts.callers / spans.length).toBeGreaterThan(0.9);
  expect(counts.stale).toBe(0);
  // Addresses are given on within milliseconds here: often two claim one, and then none of them is right.
  expect(counts.sure).toBeGreaterThan(100);
}, 240_000);
