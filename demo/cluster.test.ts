import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readResourceFile } from '../collector/cloud/file/read-resource-file.ts';
import { clusterFile, podEnvironment } from './cluster.ts';

it('every program of the demo is a pod of its cluster, with all there is above a pod', () => {
  const read = readResourceFile(readFileSync(clusterFile, 'utf8'));
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.problems));
  const find = (kind: string, uid: string) => read.states.find((state) => state.kind === kind && state.uid === uid);
  for (const program of ['gateway', 'orders', 'pricing', 'redis', 'mariadb', 'postgresql']) {
    const pod = find('pod', podEnvironment(program)['SPANLOOM_POD_UID']!);
    const kinds = new Set<string>();
    const pending = [pod!];
    for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
      kinds.add(state.kind);
      pending.push(...state.parents.map(({ kind, uid }) => find(kind, uid)!));
    }
    expect([...kinds].toSorted()).toEqual(
      [
        'cluster',
        'instance',
        'namespace',
        'node',
        'pod',
        'region',
        'service',
        'subnet',
        'vpc',
        'workload',
        'zone',
      ].toSorted(),
    );
    expect(pod!.sinceNs! < BigInt(Date.now()) * 1_000_000n).toBe(true);
  }
  expect(podEnvironment('load')).toEqual({});
});
