import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, it } from 'vitest';
import { captureMissing, describeWhere } from '../requirement.ts';
import { spanloom, startSpanloom, untilSays } from './spanloom.ts';
import { readTraceFile, showsItsPods, showsWholeDemo } from './trace-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'spanloom-live-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeWhere(captureMissing(), 'the demo, captured live', () => {
  it.concurrent(
    'shows a trace through gateway, Node, Python and a store, in one tree with one root',
    async ({ expect }) => {
      const json = join(folder, 'traces.json');
      const shown = await spanloom(['demo', '--once', '--requests', '200', '--json', json]);
      expect(shown.errors).not.toContain('spanloom:');
      expect(shown.code).toBe(0);
      expect(shown.output).toMatch(/^Trace [0-9a-f]{32} · .*\n.*SERVICE.*\n *gateway /);
      const traces = readTraceFile(json).filter(({ spans }) => spans.some((span) => span.service_name === 'gateway'));
      expect(traces.length).toBeGreaterThanOrEqual(200);
      const whole = traces.filter(showsWholeDemo);
      expect(whole.length).toBeGreaterThan(100);
      expect(whole.filter((trace) => !showsItsPods(trace))).toEqual([]);
    },
    180_000,
  );

  it.concurrent(
    'goes on serving and answers queries until Ctrl-C, then ends everything',
    async ({ expect }) => {
      const demo = startSpanloom(['demo', '--requests', '50'], { SPANLOOM_QUERY_PORT: '0' });
      try {
        const command = await untilSays(demo, /(SPANLOOM_QUERY_PORT=(\d+) )?SPANLOOM_DATA_DIR=(\S+) npx/);
        const settings = { SPANLOOM_QUERY_PORT: command[2]!, SPANLOOM_DATA_DIR: command[3]! };
        const listed = await spanloom(['traces', '--service', 'gateway', '--limit', '3'], settings);
        expect(listed.output.trim().split('\n')).toHaveLength(4);
      } finally {
        demo.child.kill('SIGINT');
      }
      expect(await demo.ended).toBe(130);
      expect(demo.errors()).not.toContain('spanloom:');
    },
    180_000,
  );
});
