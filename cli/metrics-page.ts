import type { Metric } from 'prom-client';
import { countOtlp } from '../collector/otlp/otlp-metrics.ts';
import { countPackets } from '../collector/packets/packet-metrics.ts';
import { resourceMetrics } from '../collector/resources/metrics.ts';
import { createLogger } from '../core/telemetry/logger.ts';
import { stageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import { createTelemetry, type Telemetry } from '../core/telemetry/telemetry.ts';
import { countDecisions } from '../correlator/decision-metrics.ts';
import { countAgents } from '../enricher/agent-metrics.ts';
import { countDissectorFailures } from '../enricher/dissector-failures.ts';
import { countTagging } from '../enricher/tag/tag-metrics.ts';
import { Admission } from '../query/http/admission.ts';
import { ConcurrencyLimit } from '../query/http/concurrency-limit.ts';
import { queryMetrics } from '../query/query-metrics.ts';
import { CallMetrics } from '../sink/call-metrics/call-metrics.ts';
import { sinkMetrics } from '../sink/sink-metrics.ts';
import { markdownTable } from './markdown-table.ts';

const introduction = `# Metrics

<!-- Written by scripts/write-metrics.ts from what the stages register. Do not edit. -->

For people who monitor stages. This page lists every metric that spanloom defines. [services.md](services.md#metrics) says what
to watch.

\`\`\`sh
SPANLOOM_METRICS_PORT=9464 npx spanloom enricher &
curl http://127.0.0.1:9464/metrics
\`\`\`

Of a histogram, Prometheus shows \`…_bucket\` with the label \`le\`, \`…_sum\` and \`…_count\`. A process also has the metrics
\`process_*\` and \`nodejs_*\` of prom-client: memory, CPU, event loop.
`;

/** Metrics are registered here and never read. */
const unread = (): never => {
  throw new Error('the page of metrics reads no values');
};

/** By chapter, what registers the metrics of it. A file that makes metrics has a line here. */
const chapters: Readonly<Record<string, (telemetry: Telemetry) => void>> = {
  'All stages': (telemetry) => void stageTelemetry(telemetry, 'stage', unread),
  'Collector: packets': (telemetry) => countPackets(telemetry, unread),
  'Collector: OpenTelemetry': (telemetry) => countOtlp(telemetry, unread),
  Resources: (telemetry) => void resourceMetrics(telemetry, unread),
  Enricher(telemetry) {
    countAgents(telemetry, unread);
    countTagging(telemetry, unread);
    countDissectorFailures(telemetry);
  },
  Correlator: (telemetry) => countDecisions(telemetry, unread),
  Sink: (telemetry) => void sinkMetrics(telemetry),
  'Sink: calls for Prometheus'({ registry }) {
    new CallMetrics(registry, 0);
  },
  Query: ({ registry }) =>
    void queryMetrics(
      registry,
      new Admission({ maxRequests: 1, maxRequestsPerClient: 1, yieldAfterMs: 1 }),
      new ConcurrencyLimit(1),
    ),
};

/** The text of docs/metrics.md. */
export function metricsPage(): string {
  const telemetry = createTelemetry({ logger: createLogger({ name: 'docs', level: 'silent' }), version: '' });
  const shown = new Set<string>();
  const texts = Object.entries(chapters).map(([title, register]) => {
    register(telemetry);
    const metrics = telemetry.registry.getMetricsAsArray() as unknown as readonly DescribedMetric[];
    const own = metrics.filter(({ name }) => /^(?:spanloom|traces)_/.test(name) && !shown.has(name));
    for (const { name } of own) shown.add(name);
    return `\n## ${title}\n\n${markdownTable(['name', 'type', 'labels', 'meaning'], own.map(rowOf))}`;
  });
  return introduction + texts.join('');
}

/** What a metric of prom-client knows of itself; its types leave this out. */
type DescribedMetric = Metric & {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
};

function rowOf(metric: DescribedMetric): readonly string[] {
  const labels = metric.labelNames.map((name) => `\`${name}\``).join(', ');
  return [`\`${metric.name}\``, metric.type, labels, metric.help];
}
