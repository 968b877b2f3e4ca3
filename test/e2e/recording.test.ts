import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterFile } from '../../demo/cluster.ts';
import { projectFile } from '../../core/project-files.ts';
import { spanloom } from './spanloom.ts';
import { readTraceFile, showsItsPods, showsWholeDemo, workloadsOf } from './trace-file.ts';

const recording = projectFile('demo', 'recording.avro');
const folder = mkdtempSync(join(tmpdir(), 'spanloom-recording-'));
const first = join(folder, 'first.json');
const dataDirectory = join(folder, 'data');
const replay = ['replay', recording, '--resources', clusterFile];
const settings = { SPANLOOM_DATA_DIR: dataDirectory, SPANLOOM_QUERY_PORT: '1' };

beforeAll(async () => {
  const replayed = await spanloom([...replay, '--json', first, '--data-dir', dataDirectory]);
  expect(replayed.errors).not.toContain('spanloom:');
  expect(replayed.code).toBe(0);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the bundled recording', () => {
  it('is small enough to travel with the code', () => {
    expect(statSync(recording).size).toBeLessThan(5_000_000);
  });

  it('gives traces through gateway, Node, Python and a store, each one tree with one root', () => {
    const traces = readTraceFile(first);
    const ofGateway = traces.filter(({ spans }) => spans.some((span) => span.service_name === 'gateway'));
    expect(ofGateway.length).toBeGreaterThanOrEqual(250);
    expect(ofGateway.filter(showsWholeDemo).length).toBeGreaterThan(ofGateway.length * 0.7);
    expect(new Set(traces.map(({ trace_id }) => trace_id)).size).toBe(traces.length);
    for (const span of traces.flatMap(({ spans }) => spans)) {
      const isRoot = span.parent_span_id === '';
      expect(span.reason === 'root').toBe(isRoot);
      expect(span.confidence > 0 && span.confidence <= 1).toBe(!isRoot);
    }
  });

  it('shows the pods and workloads of the services, and what is above them', () => {
    const traces = readTraceFile(first).filter(showsWholeDemo);
    expect(traces.filter((trace) => !showsItsPods(trace))).toEqual([]);
    for (const trace of traces)
      for (const workload of ['gateway', 'orders', 'pricing']) expect(workloadsOf(trace)).toContain(workload);
  });

  it('gives the same bytes whenever it is replayed, stored or not', async () => {
    const second = join(folder, 'second.json');
    expect((await spanloom([...replay, '--json', second])).code).toBe(0);
    expect(readFileSync(second).equals(readFileSync(first))).toBe(true);
  }, 120_000);

  it('is not replayed with a file of resources that is wrong: all that is wrong in it is said', async () => {
    const wrong = join(folder, 'wrong.yaml');
    writeFileSync(wrong, 'vpcs:\n  shop: { region: nowhere }\nregion: {}\n');
    const replayed = await spanloom(['replay', recording, '--resources', wrong]);
    expect(replayed.code).toBe(2);
    expect(replayed.errors).toContain('line 3: there is no field region');
    expect((await spanloom(['replay', recording, '--resources', `${wrong}x`])).code).toBe(2);
  });

  it('can be asked for its traces once it is stored', async () => {
    const listed = await spanloom(['traces', '--service', 'pricing', '--slowest', '--limit', '5', '--json'], settings);
    expect(listed.errors).toBe('');
    const { traces } = JSON.parse(listed.output) as {
      traces: readonly { trace_id: string; root_service_name: string }[];
    };
    expect(traces).toHaveLength(5);
    const id = traces.find((trace) => trace.root_service_name === 'gateway')!.trace_id;
    const shown = await spanloom(['trace', id], settings);
    expect(shown.output).toMatch(/SERVICE.*POINT.*PROTOCOL.*ENDPOINT.*STATUS.*DURATION.*TIMELINE.*REASON/);
    expect(shown.output).toMatch(/gateway +(gateway-6c9d7b5f48-x2v4q +)?s-p +http1/);
    const json = await spanloom(['trace', id.slice(0, 20), '--json'], settings);
    const stored = JSON.parse(json.output) as object;
    const fromFile = readTraceFile(first).find(({ trace_id }) => trace_id === id)!;
    expect(stored).toMatchObject(fromFile);
    const missing = await spanloom(['trace', 'f'.repeat(32)], settings);
    expect(missing).toMatchObject({ code: 5, output: '', errors: `spanloom: There is no trace ${'f'.repeat(32)}.\n` });
  }, 120_000);

  it('is used as far as it can be read when it is cut off, and the error names file and position', async () => {
    const cut = join(folder, 'cut.avro');
    const bytes = readFileSync(recording);
    writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length * 0.7)));
    const json = join(folder, 'cut.json');
    // To standard output, which then has nothing else.
    const replayed = await spanloom(['replay', cut, '--json', '-']);
    writeFileSync(json, replayed.output);
    expect(replayed.code).toBe(4);
    expect(replayed.errors).toMatch(new RegExp(`^spanloom: .*${cut}.*\\d+`, 'm'));
    expect(readTraceFile(json).length).toBeGreaterThan(100);
  }, 120_000);
});

describe('the demo without capture', () => {
  it('shows the recording and says that it does', async () => {
    const json = join(folder, 'demo.json');
    const shown = await spanloom(['demo', '--recording', '--once', '--json', json]);
    expect(shown.code).toBe(0);
    expect(shown.errors).toContain('Showing a recording of the demo instead.');
    expect(shown.output).toMatch(/^Trace [0-9a-f]{32} · /);
    expect(readFileSync(json).equals(readFileSync(first))).toBe(true);
  }, 120_000);
});
