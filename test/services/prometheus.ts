/** A real Prometheus on loopback, for tests of what it reads from us. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../core/free-ports.ts';

/** Values of an instant query, by the labels of each. */
export type Vector = readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];

/** A server that scrapes every second. */
export interface RunningPrometheus {
  /** @throws Error with what the server says is wrong */
  query(expression: string): Promise<Vector>;
  /** Asks until there is an answer with values that satisfy `holds`; the test's own timeout ends it. */
  until(expression: string, holds?: (vector: Vector) => boolean): Promise<Vector>;
  stop(): Promise<void>;
}

/** Why there is none here; undefined when there is. */
export function prometheusMissing(): string | undefined {
  const found = ['prometheus', 'promtool'].every(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
  );
  return found ? undefined : 'prometheus is not installed';
}

/** What promtool finds wrong with a text of metrics; empty when nothing. */
export function checkMetrics(text: string): string {
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return stdout + stderr;
}

/** @param targets `host:port` whose /metrics are read */
export async function startPrometheus(targets: readonly string[]): Promise<RunningPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  const job = { job_name: 'spanloom', static_configs: [{ targets }] };
  writeFileSync(file, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] }));
  const address = `127.0.0.1:${await freePort()}`;
  const options = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
  ];
  const child = spawn('prometheus', options, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const query: RunningPrometheus['query'] = async (expression) => {
    const response = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const answer = (await response.json()) as {
      readonly error?: string;
      readonly data: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] };
    };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  };
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));
  while (
    !(await fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error('prometheus ended at once');
    await pause();
  }
  return {
    query,
    async until(expression, holds = (vector) => vector.length > 0) {
      for (;;) {
        const vector = await query(expression);
        if (holds(vector)) return vector;
        await pause();
      }
    },
    async stop() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
