/**
 * Records what Jaeger answers about the traces of shop-traces.ts that it received as OTLP, for jaeger.test.ts:
 *
 *   go install github.com/jaegertracing/jaeger/cmd/jaeger@v1.76.0
 *   jaeger &
 *   npx tsx test/interop/record-jaeger.ts
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { otlpJson } from '../../opentelemetry/otlp-json.ts';
import { visibleSpans } from '../../opentelemetry/visible-spans.ts';
import { PublishedNames } from '../../sink/otlp/published-names.ts';
import { jaegerPaths, recordedTraces } from './jaeger-paths.ts';
import { shopMessages, shopTrace } from './shop-traces.ts';

const names = new PublishedNames();
for (const message of shopMessages(0)) names.learn(message);
for (let number = 1; number <= recordedTraces; number++) {
  const { traceId, revision, spans } = shopTrace(number);
  const trace = { otelTraceId: traceId, storedTraceId: traceId, revision };
  const response = await fetch('http://127.0.0.1:4318/v1/traces', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: otlpJson(trace, visibleSpans(spans), names) }),
  });
  if (!response.ok) throw new Error(await response.text());
}
await delay(3_000);
const answers: Record<string, unknown> = {};
for (const path of jaegerPaths) {
  const response = await fetch(`http://127.0.0.1:16686${path}`);
  answers[path] = { status: response.status, body: await response.json() };
}
// A line for each answer.
const lines = Object.entries(answers).map(([path, answer]) => `${JSON.stringify(path)}:${JSON.stringify(answer)}`);
writeFileSync(new URL('jaeger-answers.json', import.meta.url), `{\n${lines.join(',\n')}\n}\n`);
