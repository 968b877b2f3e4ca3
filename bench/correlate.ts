/**
 * What the correlator does on one core: spans a second on synthetic traces of 18 spans with 64 and more requests in
 * flight, against reading the same messages and nothing else. CPU time of this process, so that neighbours do not
 * count; medians of five rounds. Then the same when it has run for so long that it holds as many spans as it may: what
 * comes in pushes out what is oldest. `npx tsx bench/correlate.ts [traces]`
 */
import type { ReceivedMessage } from '../core/bus/bus.ts';
import { decodeValue } from '../core/codec.ts';
import { Correlator } from '../correlator/stage.ts';
import { batchMessage, testConfig } from '../correlator/testing/span-messages.ts';
import { eighteenSpans, simulate } from '../correlator/testing/simulated-services.ts';
import { readSpanBatch } from '../schemas/generated/span-batch.ts';
import { spanInput, type SpanMessage } from './kafka/inputs.ts';

const requests = Number(process.argv[2] ?? 4000);
const spansPerMessage = 200;
const everyUs = 2000;
const rounds = 5;

const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[values.length >> 1]!;

function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const { spans } = simulate(eighteenSpans, { seed: 1, requests, everyUs, isLearned: true, withRequestIds: true });
const durationMs = (requests * everyUs) / 1000;
const messages = Array.from({ length: Math.ceil(spans.length / spansPerMessage) }, (_, index) => {
  const from = index * spansPerMessage;
  return batchMessage(index, (from / spans.length) * durationMs, spans.slice(from, from + spansPerMessage));
});
const bytes = messages.reduce((total, { value }) => total + value.length, 0);

let traces = 0;
const decode = (): void => {
  for (const message of messages) decodeValue('SpanBatch', message, readSpanBatch);
};
const correlate = (): void => {
  const correlator = new Correlator(testConfig);
  traces = 0;
  for (const message of messages) traces += correlator.process(message, 0).length;
  traces += correlator.drain().length;
};
decode();
correlate();
const decodeSeconds: number[] = [];
const correlateSeconds: number[] = [];
for (let round = 0; round < rounds; round++) {
  decodeSeconds.push(cpuSeconds(decode));
  correlateSeconds.push(cpuSeconds(correlate));
}
const decoded = spans.length / median(decodeSeconds);
const correlated = spans.length / median(correlateSeconds);
const rate = (value: number): string => `${Math.round(value).toLocaleString('en')} spans/s`;
console.log(`${spans.length} spans in ${messages.length} messages of ${Math.round(bytes / messages.length)} bytes`);
console.log(`read only   ${rate(decoded)} per core`);
console.log(`correlate   ${rate(correlated)} per core, reading included, into ${traces} traces`);
console.log(`ratio       ${(decoded / correlated).toFixed(1)} times the cost of reading`);

/** Spans that are looked at after the state is full, and by how many at once. */
const [steadySpans, stepSpans] = [1_000_000, 50_000];
const steady = new Correlator(testConfig);
const endless = spanInput(1, 50_000).endless()[Symbol.iterator]();
let offset = 0;
/** Seconds of CPU for the next so many spans, those for making them left out, and how many they were. */
const step = (): readonly [number, number] => {
  const next: ReceivedMessage[] = [];
  let count = 0;
  while (count < stepSpans) {
    const { topic, key, value, headers, spans: held } = endless.next().value as SpanMessage;
    const at = { partition: 0, offset: offset++, timestampMs: 0 };
    next.push({ topic, key, headers: headers ?? {}, value: Buffer.from(value), ...at });
    count += held;
  }
  const seconds = cpuSeconds(() => {
    for (const message of next) steady.process(message, 0);
    steady.lowWatermark({ topic: 'spans', partition: 0 });
  });
  return [seconds, count];
};
while (steady.diagnostics()['forgotten_early'] === 0) step();
const steps: number[] = [];
for (let count = 0; count < steadySpans; count += stepSpans) {
  const [seconds, made] = step();
  steps.push(made / seconds);
}
const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
const mebibytes = (value: number): string => `${Math.round(value / 2 ** 20)} MiB`;
console.log(
  `when full   ${rate(median(steps))} per core with ${testConfig.maxSpans.toLocaleString('en')} spans in state; ` +
    `heap ${mebibytes(heapUsed)}, buffers ${mebibytes(arrayBuffers)}, resident ${mebibytes(rss)} (all with what makes the spans)`,
);
