/**
 * Generated codecs against avsc, on batches such as a busy host makes: `npx tsx bench/codec.ts`.
 * Prints records per second, medians of several rounds in one run, and the ratio.
 */
import avro from 'avsc';
import { AvroReader } from '../schemas/avro-reader.ts';
import { AvroWriter } from '../schemas/avro-writer.ts';
import { readEventBatch, writeEventBatch, type SocketEvent } from '../schemas/generated/event-batch.ts';
import { schemas, type SchemaName } from '../schemas/generated/schemas.ts';
import { readSpanBatch, writeSpanBatch, type SpanBatch } from '../schemas/generated/span-batch.ts';
import type { Side, Span } from '../schemas/generated/span.ts';
import { anEvent, anEventBatch } from '../schemas/testing/an-event.ts';
import { aSide, aSpan } from '../schemas/testing/a-span.ts';

const records = 300;
const rounds = 9;
const roundMs = 150;

const loopback = Buffer.from([127, 0, 0, 1]);
const firstId = 1_763_800_000_000_000;
const requestHead = Buffer.from(
  'GET /api/products/4711?expand=reviews HTTP/1.1\r\nHost: catalog.internal:8080\r\nUser-Agent: node\r\nAccept: */*\r\n' +
    'X-Request-ID: 5b0d4c1e-9a6f-4d8e-8a43-0a5f3e1f6c11\r\nAuthorization: ****************\r\nConnection: keep-alive\r\n\r\n',
);

function socketEvent(index: number): SocketEvent {
  const id = firstId + index;
  const isIngress = index % 2 === 0;
  const processId = 4_242 + (index % 5);
  return anEvent({
    id,
    direction: isIngress ? 'ingress' : 'egress',
    timeOffsetNs: index * 33_000,
    processId,
    threadId: processId,
    contextId: processId,
    processName: ['nginx', 'node', 'python3', 'redis-server', 'mariadbd'][index % 5]!,
    socketId: 81_000 + (index % 64),
    fileDescriptor: 10 + (index % 64),
    networkNamespace: 4_026_531_840,
    role: isIngress ? 'server' : 'client',
    localAddress: loopback,
    localPort: 8_080,
    remoteAddress: loopback,
    remotePort: 40_000 + (index % 64),
    length: requestHead.length,
    tcpSequence: (index * 1_234_567) % 2 ** 32,
    phase: 10_000 + index,
    after: isIngress ? 0 : id - 1,
    payload: requestHead.subarray(0, 64 + ((index * 37) % (requestHead.length - 64))),
  });
}

function side(index: number): Side {
  return aSide({
    address: loopback,
    port: 40_000 + (index % 64),
    hostId: 1_234_567,
    processResourceId: 912_345_678,
    autoInstanceId: 912_345_678,
    autoInstanceType: 13,
    autoServiceId: 912_345_678,
    autoServiceType: 13,
    resolution: 1,
  });
}

function span(index: number): Span {
  const hex = (seed: number): string => (BigInt(seed) * 0x9e3779b97f4a7c15n).toString(16).slice(-16).padStart(16, '0');
  return aSpan({
    spanId: hex(index + 1),
    agentId: 123_456_789_012_345,
    observationPoint: index % 2 === 0 ? 's-p' : 'c-p',
    startTimeNs: 1_763_800_000_000_000_000n + BigInt(index * 33_000),
    durationNs: 1_200_000 + index,
    networkNamespace: 4_026_531_840,
    socketId: 81_000 + (index % 64),
    requestEventId: firstId + index,
    responseEventId: firstId + index + 5,
    requestTcpSequence: (index * 1_234_567) % 2 ** 32,
    responseTcpSequence: (index * 7_654_321) % 2 ** 32,
    requestDomain: 'catalog.internal:8080',
    requestResource: `/api/products/${index}?expand=reviews`,
    endpoint: '/api/products/*',
    responseBytes: 2_048,
    xRequestIdRequest: '5b0d4c1e-9a6f-4d8e-8a43-0a5f3e1f6c11',
    forwardedFor: '10.0.0.7',
    userAgent: 'node',
    processId: 4_242,
    requestContextId: 4_242,
    responseContextId: 4_242,
    requestThreadId: 4_242,
    responseThreadId: 4_242,
    causes: [{ kind: 'request', spanId: hex(index), rule: 'last_read', confidence: 0.999, learned: true }],
    client: side(index),
    server: side(index + 1),
  });
}

const eventBatch = anEventBatch({
  agentId: 123_456_789_012_345,
  sequence: 4_711,
  baseTimeNs: 1_763_800_000_000_000_000n,
  baseMonotonicNs: 86_400_000_000_000,
  untilOffsetNs: 10_000_000,
  events: Array.from({ length: records }, (_, index) => socketEvent(index)),
});
const spanBatch: SpanBatch = {
  agentId: 123_456_789_012_345,
  watermarkNs: 1_763_800_000_010_000_000n,
  spans: Array.from({ length: records }, (_, index) => span(index)),
};

/** Records per second. */
function rate(work: () => void): number {
  const startedAt = performance.now();
  let batches = 0;
  do {
    work();
    batches++;
  } while (performance.now() - startedAt < roundMs);
  return (batches * records * 1_000) / (performance.now() - startedAt);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Alternates the two, so that a machine that slows down slows both. */
function compare(label: string, generated: () => void, reference: () => void): void {
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    ours.push(rate(generated));
    theirs.push(rate(reference));
  }
  const [fast, slow] = [median(ours), median(theirs)];
  const thousands = (value: number): string => `${Math.round(value / 1_000)} k/s`.padStart(10);
  console.log(
    `${label.padEnd(18)} generated ${thousands(fast)}   avsc ${thousands(slow)}   ratio ${(fast / slow).toFixed(1)}`,
  );
}

/** The same record as avsc wants it: names of the schema, and longs that fit a number, which is what avsc is fastest at. */
function forAvsc(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value / 1_000n);
  if (Array.isArray(value)) return value.map(forAvsc);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [snake(key), forAvsc(item)]));
}

function bench<Batch>(
  name: SchemaName,
  batch: Batch,
  read: (reader: AvroReader) => Batch,
  write: (writer: AvroWriter, value: Batch) => void,
): void {
  const type = avro.Type.forSchema(JSON.parse(schemas[name].text) as avro.Schema);
  const avscBatch = forAvsc(batch);
  const avscBytes = type.toBuffer(avscBatch);
  const writer = new AvroWriter();
  const encode = (): Buffer => {
    writer.reset();
    write(writer, batch);
    return writer.finish();
  };
  const bytes = encode();
  console.log(`${name}: ${records} records, ${Math.round(bytes.length / records)} bytes each`);
  compare(
    '  decode',
    () => void read(new AvroReader(bytes)),
    () => void type.fromBuffer(avscBytes),
  );
  compare(
    '  encode',
    () => void encode(),
    () => void type.toBuffer(avscBatch),
  );
}

bench('EventBatch', eventBatch, readEventBatch, writeEventBatch);
bench('SpanBatch', spanBatch, readSpanBatch, writeSpanBatch);
