import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readResourceFile } from '../../collector/cloud/file/read-resource-file.ts';
import { bookinfoClusterFile } from './bookinfo.ts';
import { nodes, pods, type Pod } from './topology.ts';

const read = readResourceFile(readFileSync(bookinfoClusterFile, 'utf8'));
if (read.kind === 'refused') throw new Error(JSON.stringify(read.problems));
const texts = (addresses: readonly Uint8Array[]): readonly string[] => addresses.map((address) => address.join('.'));
const addressesOf = (kind: string): readonly string[] =>
  read.states.filter((state) => state.kind === kind).flatMap(({ addresses }) => texts(addresses));

it('the file of resources has the pods of Bookinfo by uid and address, each on its node', () => {
  for (const { name, node, uid, address } of pods) {
    const state = read.states.find((one) => one.kind === 'pod' && one.uid === uid);
    expect(state?.name).toMatch(new RegExp(`^${name}-`));
    expect(texts(state!.addresses)).toEqual([address]);
    const above = state?.parents.find(({ kind }) => kind === 'node');
    expect(read.states.find(({ kind, uid: id }) => kind === 'node' && id === above?.uid)?.name).toBe(node);
  }
});

it('the file of resources has the addresses of nodes and services', () => {
  expect(addressesOf('node')).toEqual(nodes.map(({ address }) => address));
  const services = pods.flatMap(({ serviceAddress }: Pod) => serviceAddress ?? []);
  expect(addressesOf('service')).toEqual(services);
});
