/** Metrics of calls as a real Prometheus reads them from a running sink's /metrics. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLogger } from '../../core/telemetry/logger.ts';
import { serveTelemetry, type TelemetryServer } from '../../core/telemetry/serve-telemetry.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { CallMetrics } from '../../sink/call-metrics/call-metrics.ts';
import { type CallGroup, minuteCalls } from '../../sink/call-metrics/minute-calls.ts';
import { epochNs } from '../../schemas/testing/a-span.ts';
import { temporaryClickHouse } from '../../sink/testing/temporary-clickhouse.ts';
import { describeWhere } from '../requirement.ts';
import { checkMetrics, prometheusMissing, type RunningPrometheus, startPrometheus } from '../services/prometheus.ts';
import { shopMessages } from './shop-traces.ts';

/** What Grafana asks for its service graph, and what docs/interop.md shows. */
const expressions = [
  'sum by (client, server) (rate(traces_service_graph_request_total{}[1m]))',
  'sum by (client, server) (rate(traces_service_graph_request_failed_total{}[1m]))',
  'sum by (client, server) (rate(traces_service_graph_request_server_seconds_sum{}[1m]))',
  'histogram_quantile(.9, sum(rate(traces_service_graph_request_server_seconds_bucket{client="cart"}[1m])) by (server, le))',
  'histogram_quantile(.9, sum(rate(traces_service_graph_request_client_seconds_bucket{}[1m])) by (server, le)) > 0',
  'topk(5, sum(rate(traces_spanmetrics_calls_total{span_kind="SPAN_KIND_SERVER"}[1m])) by (span_name))',
  'topk(5, sum(rate(traces_spanmetrics_calls_total{status_code="STATUS_CODE_ERROR"}[1m])) by (span_name))',
  'histogram_quantile(.9, sum(rate(traces_spanmetrics_latency_bucket{span_name=~"GET /prices.*"}[1m])) by (le))',
  'histogram_quantile(0.9, sum by (le, service) (rate(traces_spanmetrics_latency_bucket{span_kind="SPAN_KIND_SERVER"}[1m]))) > 0',
];

describeWhere(
  prometheusMissing(),
  'metrics of calls in Prometheus',
  () => {
    const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
    const metrics = new CallMetrics(telemetry.registry, 10_000);
    let groups: readonly CallGroup[];
    let server: TelemetryServer;
    let prometheus: RunningPrometheus;
    beforeAll(async () => {
      const database = await temporaryClickHouse();
      try {
        await database.store(...shopMessages(30));
        await database.clickHouse.execute('SYSTEM RELOAD DICTIONARIES');
        const second = Number(epochNs / 1_000_000_000n);
        groups = await minuteCalls(database.clickHouse, second - (second % 60));
      } finally {
        await database.remove();
      }
      server = await serveTelemetry(telemetry, { host: '127.0.0.1', port: 0, livenessTimeoutMs: 60_000 });
      prometheus = await startPrometheus([`127.0.0.1:${server.port}`]);
    }, 180_000);
    afterAll(async () => {
      await prometheus.stop();
      await server.close();
    });

    it('are as its rules want them', async () => {
      metrics.count(groups, 0);
      const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
      const traces = text.split('\n').filter((line) => line === '' || /^(# \w+ )?traces_/.test(line));
      // A unit in the name, which Tempo's has not.
      expect(checkMetrics(`${traces.join('\n')}\n`)).toBe('');
    });

    it('rise as calls are counted, and answer what Grafana asks', async () => {
      const total = 'traces_service_graph_request_total{client="cart",server="prices"}';
      const [first] = await prometheus.until(total, ([each]) => each !== undefined && each.value > 0);
      metrics.count(groups, 1);
      await prometheus.until(total, ([each]) => each!.value === 2 * first!.value);
      for (const expression of expressions) {
        const values = await prometheus.until(expression);
        for (const { value } of values) expect(value, expression).toBeGreaterThanOrEqual(0);
      }
      // Good calls of prices take 2 ms, every third 196 ms.
      const median =
        'histogram_quantile(0.5, sum by (le) (rate(traces_spanmetrics_latency_bucket{service="prices"}[1m])))';
      const [found] = await prometheus.query(median);
      expect(found!.value).toBeLessThanOrEqual(0.002);
    });
  },
  120_000,
);
