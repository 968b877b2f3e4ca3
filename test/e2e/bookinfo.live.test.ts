import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { bookinfoMissing } from '../../demo/bookinfo/bookinfo.ts';
import { expectedTree } from '../../demo/bookinfo/testing/expected-tree.ts';
import { readBookinfoFile, scoreBookinfo, type TraceJson } from '../../demo/bookinfo/testing/score.ts';
import { lineFaults } from '../../demo/bookinfo/network.ts';
import type { Scenario } from '../../demo/bookinfo/topology.ts';
import { withDescendants } from '../../demo/own-processes.ts';
import { captureMissing, describeWhere } from '../requirement.ts';
import { spanloom, startSpanloom, untilSays, type RunningCommand } from './spanloom.ts';

const folder = mkdtempSync(join(tmpdir(), 'spanloom-test-bookinfo-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const timeoutMs = 180_000;

/** Runs Bookinfo once. @returns its traces, when each of its requests is a whole tree of its own */
async function wholeTraces(scenario: Scenario, requests: number, inFlight: number): Promise<readonly TraceJson[]> {
  const json = join(folder, `${scenario}-${inFlight}.json`);
  const options = ['--scenario', scenario, '--requests', String(requests), '--in-flight', String(inFlight)];
  const shown = await spanloom(['bookinfo', '--once', '--json', json, ...options]);
  expect(shown.errors).not.toContain('spanloom:');
  expect(shown.code).toBe(0);
  const traces = readBookinfoFile(json);
  const expected = expectedTree(scenario, true);
  expect(scoreBookinfo(traces, { expected, requests })).toEqual({
    complete: requests,
    right: requests * expected.size,
    wrong: [],
    missingEdges: [],
    missingSpans: [],
    unexpectedSpans: [],
  });
  return traces;
}

/** Waits until none of these processes runs any more. */
async function untilGone(processIds: readonly number[]): Promise<void> {
  const isRunning = (processId: number): boolean =>
    existsSync(`/proc/${processId}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${processId}/status`, 'utf8'));
  while (processIds.some((processId) => isRunning(processId))) await sleep(20);
}

/** Starts Bookinfo and waits until it has so many processes. @returns the command, and all of its processes */
async function started(
  processes: number,
): Promise<{ readonly running: RunningCommand; readonly processIds: readonly number[] }> {
  const running = startSpanloom(['bookinfo', '--requests', '1'], { SPANLOOM_QUERY_PORT: '0' });
  const own = (): readonly number[] => withDescendants(running.child.pid!);
  while (own().length < processes) await sleep(20);
  return { running, processIds: own() };
}

function findByName(processIds: readonly number[], name: string): number | undefined {
  return processIds.find((processId) => {
    try {
      return readFileSync(`/proc/${processId}/comm`, 'utf8') === `${name}\n`;
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

/** Waits until curl has been answered many times. @returns all processes of the demo */
async function untilAsked(running: RunningCommand): Promise<readonly number[]> {
  for (;;) {
    const processIds = withDescendants(running.child.pid!);
    const curl = findByName(processIds, 'curl');
    if (curl !== undefined && receivedSegments(curl) > 500) return processIds;
    await sleep(20);
  }
}

/** Of TCP in the network namespace of a process, since that began. */
function receivedSegments(processId: number): number {
  const [names = [], values = []] = readFileSync(`/proc/${processId}/net/snmp`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('InSegs')]);
}

describeWhere(captureMissing() ?? bookinfoMissing(), 'Bookinfo, captured live', () => {
  it(
    'makes one tree of each of 50 requests in a row',
    () => wholeTraces('tunnel', 50, 1).then(() => undefined),
    timeoutMs,
  );

  it(
    'makes one tree of each request while 16 are in flight',
    () => wholeTraces('tunnel', 96, 16).then(() => undefined),
    timeoutMs,
  );

  it(
    'makes one tree through an address of a service and a gateway that both translate addresses',
    async () => {
      await wholeTraces('nat', 20, 2);
    },
    timeoutMs,
  );

  it(
    'shows that a bad line between the nodes takes the time',
    async () => {
      const traces = await wholeTraces('delay', 20, 2);
      const bothWaysNs = 2 * lineFaults.delayMs * 1e6;
      expect(Math.min(...traces.map((trace) => onTheWayNs(trace, 'details')))).toBeGreaterThan(bothWaysNs);
      expect(Math.min(...traces.map((trace) => onTheWayNs(trace, 'productpage')))).toBeLessThan(bothWaysNs);
    },
    timeoutMs,
  );

  it(
    'ends with a sentence and leaves nothing behind when a part of it is killed',
    async () => {
      const running = startSpanloom(['bookinfo', '--requests', '1'], { SPANLOOM_QUERY_PORT: '0' });
      await untilSays(running, /In another terminal/);
      const processIds = withDescendants(running.child.pid!);
      process.kill(findByName(processIds, 'haproxy')!, 'SIGKILL');
      expect(await running.ended).toBe(1);
      expect(running.errors()).toMatch(/spanloom: sidecar of \w+ has ended with 1/);
      await untilGone(processIds);
    },
    timeoutMs,
  );

  it.each([
    ['a service ends', 'ruby', /spanloom: service of details has ended with 1/],
    ['requests are not answered', 'curl', /spanloom: Not every request was answered: curl ended with 1/],
  ])(
    'writes and shows what came before when %s, and then says so',
    async (_what, program, sentence) => {
      const json = join(folder, `${program}.json`);
      const running = startSpanloom(['bookinfo', '--once', '--json', json, '--requests', '1000000']);
      const processIds = await untilAsked(running);
      process.kill(findByName(processIds, program)!, 'SIGKILL');
      expect(await running.ended).toBe(1);
      expect(running.errors()).toMatch(sentence);
      expect(running.output()).toContain('loadgenerator');
      expect(readBookinfoFile(json).length).toBeGreaterThan(0);
      await untilGone(processIds);
    },
    timeoutMs,
  );

  it(
    'leaves nothing behind when it is killed itself',
    async () => {
      const { running, processIds } = await started(15);
      running.child.kill('SIGKILL');
      await running.ended;
      await untilGone(processIds);
    },
    timeoutMs,
  );

  it(
    'ends in order on SIGTERM, also while it starts',
    async () => {
      const { running, processIds } = await started(5);
      running.child.kill('SIGTERM');
      expect(await running.ended).toBe(143);
      await untilGone(processIds);
    },
    timeoutMs,
  );
});

/** How much longer a call took for the sidecar that made it than for the one that answered it. */
function onTheWayNs({ spans }: TraceJson, call: string): number {
  const sidecars = spans.filter(
    (span) => span.request_resource.startsWith(`/${call}/`) && span.process_name === 'haproxy',
  );
  const made = sidecars.find((span) => span.observation_point === 'c-p' && span.client_names['workload'] !== call);
  const answered = sidecars.find((span) => span.observation_point === 's-p' && span.server_names['workload'] === call);
  return made!.duration_ns - answered!.duration_ns;
}
