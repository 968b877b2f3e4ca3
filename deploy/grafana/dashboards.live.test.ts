/** What dashboards ask Prometheus for is there: it reads /metrics of a running `spanloom up`, and each expression has values. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../core/free-ports.ts';
import { projectFile } from '../../core/project-files.ts';
import { type RunningCommand, startSpanloom, untilSays } from '../../test/e2e/spanloom.ts';
import { captureMissing, describeWhere } from '../../test/requirement.ts';
import { prometheusMissing, type RunningPrometheus, startPrometheus } from '../../test/services/prometheus.ts';

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr?: string }[] }[];
}

const folder = projectFile('deploy', 'grafana', 'dashboards');
const expressions = readdirSync(folder).flatMap((file) => {
  const { uid, panels } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dashboard;
  return panels.flatMap(({ title, targets }) =>
    targets.flatMap(({ expr }) => (expr === undefined ? [] : [{ name: `${uid}: ${title}: ${expr}`, expr }])),
  );
});

describeWhere(
  prometheusMissing() ?? captureMissing(),
  'an expression of a dashboard',
  () => {
    const data = mkdtempSync(join(tmpdir(), 'spanloom-dashboards-'));
    let up: RunningCommand;
    let prometheus: RunningPrometheus;
    beforeAll(async () => {
      const port = await freePort();
      up = startSpanloom(['up'], {
        SPANLOOM_DATA_DIR: data,
        SPANLOOM_QUERY_PORT: '0',
        SPANLOOM_METRICS_PORT: String(port),
      });
      const [, url] = await untilSays(up, /, and at (http:\/\/[\w.:]+)\//);
      prometheus = await startPrometheus([`127.0.0.1:${port}`]);
      // So that there is a request to count, also in the capture.
      await fetch(`${url!}/api/services`);
    }, 180_000);
    afterAll(async () => {
      await prometheus.stop();
      up.child.kill('SIGINT');
      await up.ended;
      rmSync(data, { recursive: true, force: true });
    });

    it.each(expressions)('$name', async ({ expr }) => {
      const values = await prometheus.until(expr.replaceAll('$__rate_interval', '1m'));
      expect(values.length).toBeGreaterThan(0);
    });
  },
  120_000,
);
