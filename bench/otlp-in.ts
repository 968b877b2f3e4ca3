/**
 * Spans of applications from OTLP in protobuf to the embedded log: check, publish, batch, encode, store. Prints spans per second of
 * processor time, medians of several rounds that alternate in one run with protobufjs decoding the same requests and with the
 * check alone. Sockets are left out: they cost the same with any decoder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentIdentity } from '../collector/agent-identity.ts';
import { captureLossReasons } from '../collector/capture/batch-sender.ts';
import { Intake } from '../collector/otlp/intake.ts';
import { Outbox } from '../collector/outbox.ts';
import { ResourceIds } from '../collector/processes/resource-ids.ts';
import { WallClock } from '../collector/wall-clock.ts';
import { openEmbeddedBus } from '../core/bus/embedded/embedded-bus.ts';
import { Counters } from '../core/stage/accounting.ts';
import { Health } from '../core/telemetry/health.ts';
import { refusals } from '../opentelemetry/check-span.ts';
import { TraceCheck } from '../opentelemetry/check-traces.ts';
import { tracesData } from '../opentelemetry/testing/otlp-messages.ts';

const spansPerRequest = 512;
const requestsPerRound = 200;
const rounds = 7;
const requestsAtOnce = 8;
const sender = Buffer.from([127, 0, 0, 1]);

const nowNs = BigInt(Date.now()) * 1_000_000n;
const spanOf = (index: number): object => ({
  traceId: Buffer.alloc(16, (index % 255) + 1),
  spanId: Buffer.alloc(8, (index % 255) + 1),
  parentSpanId: Buffer.alloc(8, ((index + 1) % 255) + 1),
  name: `GET /api/orders/{id}`,
  kind: 2,
  startTimeUnixNano: String(nowNs),
  endTimeUnixNano: String(nowNs + 5_000_000n),
  attributes: Array.from({ length: 11 }, (_, n) => ({
    key: `http.request.a${n}`,
    value: n % 3 === 0 ? { intValue: String(index + n) } : { stringValue: `value ${index} of ${n}` },
  })),
});
const requests = Array.from({ length: 8 }, (_, request) => {
  const spans = Array.from({ length: spansPerRequest }, (_, index) => spanOf(request * spansPerRequest + index));
  const attributes = [{ key: 'service.name', value: { stringValue: `service-${request}` } }];
  const object = { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'bench' }, spans }] }] };
  return Buffer.from(tracesData.encode(tracesData.fromObject(object)).finish());
});
const requestOf = (index: number): Buffer => requests[index % requests.length]!;

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'bench-otlp-in-'));
const bus = openEmbeddedBus({ directory: join(folder, 'log') });
await bus.ensureTopics([
  { name: 'events', partitions: 4, retentionBytes: 256 * 1024 ** 2 },
  { name: 'agent-resources', partitions: 1, compacted: true },
]);
const producer = await bus.producer();
const identity = AgentIdentity.open(folder, { bootId: 'bench', bootTimeNs: 1n }, Date.now());
const telemetry = { emit: () => undefined };
const health = new Health();
health.starts('otlp');
const intake = new Intake({
  context: {
    ...{ identity, clock: new WallClock(), resourceIds: new ResourceIds(), hostResourceId: 1, hostName: 'bench' },
    ...{ dataDirectory: folder, outbox: new Outbox(producer, telemetry), telemetry, health },
  },
  counters: new Counters([...captureLossReasons, 'own'], refusals),
  ...{ maxBufferedBytes: 64 * 1024 ** 2, maxAgeMs: 86_400_000, maxProcesses: 1000 },
});
const check = new TraceCheck();
const bounds = { earliestNs: 0, latestNs: 2 ** 62 };

/** Sends requests, some at once, and waits until each is stored. */
async function toLog(): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < requestsPerRound) {
      // As from a socket: each request has bytes of its own.
      const outcome = await intake.receive(Buffer.from(requestOf(next++)), sender);
      if (outcome.kind !== 'stored' || outcome.refused > 0) throw new Error(JSON.stringify(outcome));
    }
  };
  await Promise.all(Array.from({ length: requestsAtOnce }, lane));
}

const repeat = (work: (request: Buffer) => unknown): Promise<void> => {
  for (let index = 0; index < requestsPerRound; index++) work(requestOf(index));
  return Promise.resolve();
};
const variants = {
  log: toLog,
  check: () => repeat((request) => check.check(request, bounds)),
  protobufjs: () => repeat((request) => tracesData.decode(request)),
} as const;
type Variant = keyof typeof variants;

/** Spans per second of processor time, of all threads. */
async function rate(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (requestsPerRound * spansPerRequest * 1e6) / (user + system);
}

const rssMiB = (): number => Math.round(process.memoryUsage.rss() / 1024 ** 2);
const rates: Record<Variant, number[]> = { log: [], check: [], protobufjs: [] };
// First alone, since protobufjs's objects would count too.
await toLog();
await toLog();
const logRssMiB = rssMiB();
for (let round = 0; round < rounds; round++)
  for (const name of ['log', 'check', 'protobufjs'] as const) rates[name].push(await rate(variants[name]));

const median = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!);
console.log(
  JSON.stringify(
    {
      bytesPerSpan: Math.round(requestOf(0).length / spansPerRequest),
      toLogSpansPerCoreSecond: median(rates.log),
      checkSpansPerCoreSecond: median(rates.check),
      protobufjsSpansPerCoreSecond: median(rates.protobufjs),
      rssMiB: logRssMiB,
    },
    undefined,
    2,
  ),
);
await intake.stop(1_000);
identity.close();
await producer.close();
await bus.close();
rmSync(folder, { recursive: true, force: true });
