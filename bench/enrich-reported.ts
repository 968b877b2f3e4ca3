/**
 * What a span that an application reports costs the enricher: spans per second of one core, decoding the batch, reading the span,
 * tagging and encoding. The input is that of a gateway: batches of 512 spans of about 450 bytes with 11 attributes each, of
 * programs that send 64 at a time under a resource of 12 attributes.
 *
 *   npx tsx bench/enrich-reported.ts [spans]
 */
import { encodeValue, outgoingMessage } from '../core/codec.ts';
import type { ReceivedMessage } from '../core/bus/bus.ts';
import { imbalance } from '../core/stage/accounting.ts';
import { testConfig } from '../enricher/testing/run-agent.ts';
import { createEnricher } from '../enricher/stage.ts';
import { countReportedSpans } from '../opentelemetry/reported-span.ts';
import { reportedMessage, type TestSpan } from '../opentelemetry/testing/reported-message.ts';
import { writeEventBatch } from '../schemas/generated/event-batch.ts';
import { anEventBatch } from '../schemas/testing/an-event.ts';

const wanted = Number(process.argv[2] ?? 50_000);
const spansPerMessage = 64;
const messagesPerBatch = 8;
const rounds = 5;

function aSpan(index: number): TestSpan {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  return {
    traceId: hex(1 + (index >> 3), 32),
    spanId: hex(1 + index, 16),
    parentSpanId: hex(1 + (index & ~7), 16),
    name: 'GET /orders/{id}',
    kind: index % 2 === 0 ? 2 : 3,
    startNs: 1_700_000_000_000_000_000n + BigInt(index * 1000),
    endNs: 1_700_000_000_000_500_000n + BigInt(index * 1000),
    attributes: {
      ...{ 'http.request.method': 'GET', 'url.path': `/orders/${index}`, 'url.scheme': 'http' },
      ...{ 'server.address': 'orders', 'server.port': 8080, 'http.response.status_code': 200 },
      ...{ 'network.protocol.version': '1.1', 'network.peer.address': `10.0.0.${index % 200}` },
      ...{ 'network.peer.port': 8080, 'user_agent.original': 'node-fetch/1.0', 'http.route': '/orders/:id' },
    },
  };
}

function aMessage(from: number): Buffer {
  const resource = Object.fromEntries([
    ['service.name', `service-${from % 7}`],
    ...['service.version', 'telemetry.sdk.name', 'telemetry.sdk.version', 'host.name', 'host.arch', 'os.type'].map(
      (key) => [key, `${key} value`] as const,
    ),
    ...['process.command', 'process.runtime.name', 'process.executable.name', 'container.id', 'k8s.pod.uid'].map(
      (key) => [key, `${key} value ${from % 7}`] as const,
    ),
  ]);
  return reportedMessage({
    resource,
    spans: Array.from({ length: spansPerMessage }, (_, index) => aSpan(from + index)),
  });
}

const messages: ReceivedMessage[] = [];
for (let from = 0; from < wanted;) {
  const reportedSpans = Array.from({ length: messagesPerBatch }, () => {
    const resourceSpans = aMessage(from);
    from += spansPerMessage;
    return { senderAddress: Uint8Array.of(10, 0, 0, 9), resourceSpans };
  });
  const batch = anEventBatch({ source: 'applications', sequence: messages.length + 1, reportedSpans });
  const { topic, key, headers = {} } = outgoingMessage('events', '5', 'EventBatch', new Uint8Array(0));
  const value = encodeValue(batch, writeEventBatch);
  messages.push({ topic, key, headers, value, partition: 0, offset: messages.length, timestampMs: 0 });
}
const spans = messages.length * messagesPerBatch * spansPerMessage;

/** Processor time in milliseconds: other processes on the machine do not count. */
function processorMs(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const times: number[] = [];
let bytes = 0;
for (let round = 0; round <= rounds; round++) {
  const enricher = createEnricher(testConfig, { dissectors: [] });
  bytes = 0;
  const ms = processorMs(() => {
    for (const message of messages) for (const { value } of enricher.process(message, 0)) bytes += value.length;
  });
  if (imbalance(enricher.accounting()) !== 0 || enricher.accounting().emitted !== spans)
    throw new Error('spans were lost or made up');
  // The first round warms up.
  if (round > 0) times.push(ms);
}
const median = times.sort((one, other) => one - other)[times.length >> 1]!;
const input = messages.reduce((sum, { value }) => sum + value.length, 0);
if (countReportedSpans(aMessage(0)) !== spansPerMessage) throw new Error('spans are not counted');
console.log(
  `${spans} spans, ${Math.round(input / spans)} bytes each as they come, ${Math.round(bytes / spans)} as they go`,
);
console.log(`${Math.round((spans / median) * 1000).toLocaleString('en')} spans/s`);
