import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProgramInspection } from '../native/capture.ts';
import { ProgramInspections } from './program-inspections.ts';

let root = '';
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'spanloom-proc-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A process in a made-up /proc; what it executes need not be there. */
function addProcess(processId: number, executable: string): void {
  mkdirSync(join(root, String(processId)), { recursive: true });
  rmSync(join(root, String(processId), 'exe'), { force: true });
  symlinkSync(executable, join(root, String(processId), 'exe'));
}

/** Probes over a made-up addon that answers so. */
function probesWith(answer: () => ProgramInspection | undefined): {
  readonly probes: ProgramInspections;
  readonly asked: [number, boolean][];
  readonly emitted: unknown[][];
} {
  const asked: [number, boolean][] = [];
  const emitted: unknown[][] = [];
  const capture = {
    inspectPrograms: (processId: number, withLibraries: boolean) => {
      asked.push([processId, withLibraries]);
      return Promise.resolve(answer());
    },
  };
  return {
    probes: new ProgramInspections(capture, { emit: ({ name }, fields) => emitted.push([name, fields]) }, root),
    asked,
    emitted,
  };
}

const nothingNew: ProgramInspection = { files: [], leftOut: 0 };

it('asks for each process once, again when it executes something else, and with libraries when it is looked at', async () => {
  const { probes, asked } = probesWith(() => nothingNew);
  addProcess(1, '/usr/bin/node');
  addProcess(2, '/usr/bin/node');
  await probes.scan();
  await probes.scan();
  expect(asked.splice(0)).toEqual([
    [1, false],
    [2, false],
  ]);
  addProcess(2, '/usr/bin/other (deleted)');
  await probes.scan();
  probes.inspect(1);
  expect(asked).toEqual([
    [2, false],
    [1, true],
  ]);
});

it('asks again for what could not be looked at yet', async () => {
  const answers = [undefined, { files: [], leftOut: 3 }, nothingNew];
  const { probes, asked, emitted } = probesWith(() => answers.shift());
  addProcess(1, '/usr/bin/node');
  for (let round = 0; round < 5; round++) await probes.scan();
  expect(asked).toHaveLength(3);
  probes.report();
  expect(emitted).toEqual([['loop_probes_left_out', { failures: 0, leftOut: 3 }]]);
});

it('goes on when files cannot be probed, and tells of ten of them', async () => {
  const files = Array.from({ length: 60 }, (_, index) => ({ path: `/tmp/libuv.so.${index}`, probes: 0, error: 'no' }));
  const { probes, emitted } = probesWith(() => ({ files, leftOut: 0 }));
  addProcess(1, '/usr/bin/node');
  await probes.scan();
  expect(emitted.splice(0)).toHaveLength(10);
  probes.report();
  expect(emitted).toEqual([['loop_probes_left_out', { failures: 50, leftOut: 0 }]]);
});

it('tells of ten programs one by one and counts the others, since a user can bring any number', async () => {
  const files = Array.from({ length: 60 }, (_, index) => ({ path: `/tmp/program-${index}`, probes: 1 }));
  const { probes, emitted } = probesWith(() => ({ files, leftOut: 0 }));
  addProcess(1, '/usr/bin/node');
  await probes.scan();
  expect(emitted.splice(0)).toHaveLength(10);
  probes.report();
  probes.report();
  expect(emitted.splice(0)).toEqual([['loop_probes_attached_more', { programs: 50 }]]);
  probes.inspect(1);
  await Promise.resolve();
  expect(emitted).toHaveLength(10);
});

it('warns once for each reason why what created contexts cannot be known', async () => {
  const probeProblem = 'The kernel refuses a probe.';
  let files = 0;
  const { probes, emitted } = probesWith(() => ({
    ...nothingNew,
    runtime: { path: `/usr/bin/python3.${++files}`, version: 'CPython 3.11.2', probeProblem },
  }));
  addProcess(1, '/usr/bin/python3.1');
  addProcess(2, '/usr/bin/python3.2');
  await probes.scan();
  expect(emitted.filter(([name]) => name === 'runtime_found')).toHaveLength(2);
  expect(emitted.filter(([name]) => name === 'context_origins_unknown')).toEqual([
    ['context_origins_unknown', { path: '/usr/bin/python3.1', problem: probeProblem }],
  ]);
});
