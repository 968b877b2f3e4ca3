import { describe, expect, it } from 'vitest';
import type { ProcessMemory } from '../../native/capture.ts';
import { environmentChoice } from './environment-tags.ts';
import { parseEnviron, parseStat, readProcFiles, type ProcFiles } from './proc-files.ts';
import { ProcessTable } from './process-table.ts';
import { hash31, processUid } from '../../core/agents/agent-resources.ts';
import { ResourceIds } from './resource-ids.ts';
import { processResource } from './resources.ts';

const files: ProcFiles = {
  startTicks: 1_234,
  name: 'node',
  executable: '/usr/bin/node',
  cgroup: '',
};
const memory = (commandLine: readonly string[], variables: Readonly<Record<string, string>> = {}): ProcessMemory => ({
  commandLine: Buffer.from(commandLine.map((argument) => `${argument}\0`).join('')),
  environment: Buffer.from(
    Object.entries(variables)
      .map(([name, value]) => `${name}=${value}\0`)
      .join(''),
  ),
});
const shop = memory(['node', '/srv/shop.mjs']);
const seen = { processId: 42, startBoottimeNs: 12_345_678_901, name: 'node' };

function table(
  proc: Map<number, ProcFiles>,
  maxProcesses = 100,
  ids = new ResourceIds(),
  chooseEnvironment = environmentChoice([]),
): ProcessTable {
  return new ProcessTable({
    ...{ agentId: 7, hostResourceId: 3, bootTimeNs: 1_000_000_000_000_000_000n, ids, maxProcesses, chooseEnvironment },
    readProcFiles: (processId) => proc.get(processId),
    readStartTicks: (processId) => proc.get(processId)?.startTicks,
  });
}

describe('process facts', () => {
  it('are told once, and again when they change', () => {
    const proc = new Map([[42, files]]);
    const processes = table(proc);
    const facts = processes.note(seen, shop);
    expect(facts).toMatchObject({ serviceName: 'shop', executable: '/usr/bin/node', hostResourceId: 3 });
    expect(facts!.startTimeNs).toBe(1_000_000_012_345_678_901n);
    expect(processes.note(seen, shop)).toBeUndefined();
    proc.set(42, { ...files, executable: '/usr/bin/python3' });
    const changed = processes.note({ ...seen, name: 'python3' }, memory(['python3', 'stock.py']));
    expect(changed).toMatchObject({ serviceName: 'stock', name: 'python3', resourceId: facts!.resourceId });
  });

  it('of a process that is gone are what the kernel said', () => {
    expect(table(new Map()).note(seen, shop)).toMatchObject({ name: 'node', serviceName: 'node', executable: '' });
  });

  it('of a process whose id another one has by now are not those of the other', () => {
    const proc = new Map([[42, { ...files, startTicks: 9_999, executable: '/usr/bin/other' }]]);
    expect(table(proc).note(seen, shop)).toMatchObject({ executable: '', serviceName: 'node' });
  });

  it('take the pod from the environment only where the cgroup has none', () => {
    const uid = '12345678-9abc-4def-8123-456789abcdef';
    const inGroup = { cgroup: `0::/kubepods/pod${uid}/${'0'.repeat(64)}\n` };
    const told = memory(['node'], { SPANLOOM_POD_UID: 'demo/gateway' });
    expect(table(new Map([[42, files]])).note(seen, told)?.podUid).toBe('demo/gateway');
    expect(table(new Map([[42, { ...files, ...inGroup }]])).note(seen, told)?.podUid).toBe(uid);
  });

  it('have the variables that were chosen, which become tags of the process', () => {
    const told = memory(['node'], { APP_TEAM: 'a', APP_TOKEN: 't', executable: 'x' });
    const choice = environmentChoice(['APP_*', 'executable']);
    const facts = table(new Map([[42, files]]), 100, new ResourceIds(), choice).note(seen, told)!;
    expect(facts.environment).toEqual({ APP_TEAM: 'a', executable: 'x' });
    expect(processResource(7, facts).environment).toMatchObject({ APP_TEAM: 'a', executable: '/usr/bin/node' });
  });

  it('are told again in turns while a process runs, and end with it', () => {
    const proc = new Map([1, 2, 3, 4].map((processId) => [processId, files]));
    const processes = table(proc);
    for (const processId of proc.keys()) processes.note({ ...seen, processId }, shop);
    const first = processes.revisit(0.5).running.map((facts) => facts.processId);
    proc.delete(4);
    const second = processes.revisit(0.5);
    expect(first).toEqual([1, 2]);
    expect(second.running.map((facts) => facts.processId)).toEqual([3]);
    expect(second.ended.map((facts) => facts.processId)).toEqual([4]);
    expect(processes.revisit(0.3).running.map((facts) => facts.processId)).toEqual([1]);
  });

  it('are bounded: the process seen first is forgotten', () => {
    const processes = table(new Map(), 10);
    for (let processId = 1; processId <= 50; processId++) processes.note({ ...seen, processId }, shop);
    expect(processes.size).toBe(10);
  });

  it('come without what is in the memory of a process, as long as that has not been read', () => {
    const processes = table(new Map([[42, files]]));
    expect(processes.note(seen, undefined)).toMatchObject({ serviceName: 'node', executable: '/usr/bin/node' });
    expect(processes.note(seen, shop)).toMatchObject({ serviceName: 'shop' });
  });

  it('are read of this process', () => {
    const self = readProcFiles(process.pid)!;
    expect(self.executable).toBe(process.execPath);
    expect(self.startTicks).toBeGreaterThan(0);
    expect(readProcFiles(2 ** 22 + 1)).toBeUndefined();
  });

  it('survive any process name', () => {
    const rest = Array.from({ length: 20 }, (_, index) => String(index + 3)).join(' ');
    expect(parseStat(`42 (a) b (c) S ${rest}`)).toEqual({ name: 'a) b (c', startTicks: 21 });
    expect(parseStat('garbage')).toBeUndefined();
  });
});

it('variables of a process are those that it would find itself', () => {
  expect({ ...parseEnviron('A=1\0B=x=y\0A=2\0=odd\0none\0E=\0') }).toEqual({ A: '1', B: 'x=y', E: '' });
});

describe('resource ids', () => {
  it('are the same in every run, and differ where hashes collide', () => {
    const uid = processUid(7, { processId: 42, startTimeNs: 5n });
    expect(new ResourceIds().idOf(uid)).toBe(new ResourceIds().idOf(uid));
    const ids = new ResourceIds();
    const [left, right] = collision();
    expect(ids.idOf(right)).toBe(hash31(left));
    expect(ids.idOf(left)).toBe(hash31(left) + 1);
    expect(ids.idOf(right)).toBe(hash31(left));
  });

  /** Two uids of equal hash: with 31 bits some tens of thousands hold a pair. */
  function collision(): [string, string] {
    const byHash = new Map<number, string>();
    for (let number = 0; ; number++) {
      const uid = `uid-${number}`;
      const other = byHash.get(hash31(uid));
      if (other !== undefined) return [uid, other];
      byHash.set(hash31(uid), uid);
    }
  }
});
