/** What agents tell of hosts takes no room from, and never counts more than, what Kubernetes and clouds tell. */
import { expect, test } from 'vitest';
import { type Resource, resourceKindIndex as kinds } from '../../schemas/generated/resource.ts';
import { aResource } from '../../schemas/testing/a-resource.ts';
import { tagQuestion } from '../testing/tag-question.ts';
import { aProcess } from '../../schemas/testing/an-event.ts';
import { AgentTagger } from './agent-tagger.ts';
import { ResourceTable } from './resource-table.ts';
import { newTagCounts } from './tag-counts.ts';

const limits = { resourceMemory: 86_400_000, maxEndedResources: 3, maxHosts: 50 };
const host = (id: number, given: Partial<Resource> = {}): Resource =>
  aResource({ kind: 'host', id, uid: `h${id}`, name: `host-${id}`, ...given });
const address = Uint8Array.of(10, 1, 1, 1);

test('a flood of hosts and of versions of one host is bounded, and nothing else is forgotten for it', () => {
  const table = new ResourceTable(limits);
  const ended = { validFromNs: 1n, validToNs: 1_000_000_000n };
  for (let id = 1; id <= 3; id++) table.learnResource(aResource({ id, uid: `p${id}`, ...ended }), 1);
  for (let version = 1; version <= 1000; version++)
    table.learnHost(host(1, { validFromNs: BigInt(version), validToNs: BigInt(version) + 1n }), 1);
  expect(table.byId(kinds.host, 1)!.versions.map(({ fromNs }) => Number(fromNs))).toEqual(
    [...Array(16).keys()].map((index) => 985 + index),
  );
  for (let id = 2; id <= 1000; id++) table.learnHost(host(id), 1);
  expect([1, 2, 950, 951, 1000].map((id) => table.byId(kinds.host, id) !== undefined)).toEqual([
    ...[false, false, false],
    ...[true, true],
  ]);
  expect(table.size).toBe(3 + 50);
  table.forget(1_000_000_001n);
  expect([1, 2, 3].map((id) => table.byId(kinds.pod, id) !== undefined)).toEqual([true, true, true]);
});

test('a host that is told of again is not the first to be forgotten', () => {
  const table = new ResourceTable(limits);
  for (let id = 1; id <= 50; id++) table.learnHost(host(id), 1);
  table.learnHost(host(1), 2);
  table.learnHost(host(51), 3);
  expect([1, 2, 51].map((id) => table.byId(kinds.host, id) !== undefined)).toEqual([true, false, true]);
});

test('of two hosts with one id the first keeps it', () => {
  const table = new ResourceTable(limits);
  table.learnHost(host(1, { name: 'first' }), 1);
  table.learnHost(host(1, { uid: 'other', name: 'second', validFromNs: 2000n }), 2);
  expect(table.byId(kinds.host, 1)!.at(3000n)!.name).toBe('first');
  expect(table.unreadable).toBe(1);
});

test('a host that claims the address of a pod does not get it, neither alone nor beside the pod', () => {
  const table = new ResourceTable(limits);
  const tagger = new AgentTagger(table, 10, newTagCounts());
  tagger.learn([aProcess({ hostResourceId: 3 })]);
  const peer = () => tagger.tag(tagQuestion({ remoteAddress: address })).peer;
  table.learnHost(host(9, { addresses: [address] }), 1);
  expect(peer()).toMatchObject({ hostId: 0, podId: 0, resolution: 0 });
  table.learnResource(aResource({ id: 7, uid: 'pod', addresses: [address] }), 1);
  expect(peer()).toMatchObject({ hostId: 0, podId: 7, resolution: 4 });
  // Also for spans of the host itself the pod counts.
  table.learnHost(host(3, { addresses: [address] }), 1);
  expect(peer()).toMatchObject({ podId: 7, resolution: 4 });
});

test('a host of before its agent had a key does not hide the host of now, and two of now hide each other', () => {
  const table = new ResourceTable(limits);
  const name = 'node-1';
  const hostOfNode = (): number => {
    const version = table.named('host', name, 5000n);
    return version?.history.id ?? 0;
  };
  table.learnResource(host(1, { name }), 1);
  expect(hostOfNode()).toBe(1);
  table.learnHost(host(2, { name }), 1);
  expect(hostOfNode()).toBe(2);
  table.learnHost(host(3, { name }), 1);
  expect(hostOfNode()).toBe(0);
});
