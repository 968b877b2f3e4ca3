import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Resource, resourceKindIndex as kinds } from '../../schemas/generated/resource.ts';
import { aResource } from '../../schemas/testing/a-resource.ts';
import { tagQuestion } from '../testing/tag-question.ts';
import { aProcess } from '../../schemas/testing/an-event.ts';
import { propertyRuns } from '../../schemas/testing/property-runs.ts';
import { AgentTagger } from './agent-tagger.ts';
import { ResourceTable } from './resource-table.ts';
import { newTagCounts } from './tag-counts.ts';

/**
 * Pods of two clusters that come and go on few addresses, told in any order and again; what a tagger says of an address
 * against a model that looks through all versions.
 */
const limits = { resourceMemory: 1e12, maxEndedResources: 1e9, maxHosts: 1000 };
const times = fc.integer({ min: 1, max: 12 });
const version = fc.record({
  id: fc.integer({ min: 1, max: 5 }),
  from: times,
  length: fc.integer({ min: 0, max: 8 }),
  address: fc.integer({ min: 0, max: 3 }),
  isMapped: fc.boolean(),
});
const mine = 'mine';

const clusterOf = (id: number): number => (id % 2) + 1;
const addressBytes = (address: number, isMapped: boolean): Uint8Array => {
  const bytes = [10, 0, 0, address];
  return Uint8Array.from(isMapped ? [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes] : bytes);
};

interface Told {
  readonly id: number;
  readonly from: number;
  readonly length: number;
  readonly address: number;
  readonly isMapped: boolean;
}

function podOf({ id, from, length, address, isMapped }: Told): Resource {
  return aResource({
    ...{ kind: 'pod', id, uid: `p${id}`, parents: [{ kind: 'cluster', id: clusterOf(id), uid: '' }] },
    addresses: address === 0 ? [] : [addressBytes(address, isMapped)],
    ...{ validFromNs: BigInt(from), validToNs: length === 0 ? 0n : BigInt(from + length) },
  });
}

/** The pod of cluster 1 that has an address at a time, if it is one only. */
function model(told: readonly Told[], address: number, time: number): number {
  const newest = new Map<string, Told>();
  for (const each of told) newest.set(`${each.id}@${each.from}`, each);
  const owners = new Set<number>();
  for (let id = 1; id <= 5; id++) {
    if (clusterOf(id) !== 1) continue;
    const begun = [...newest.values()].filter((each) => each.id === id && each.from <= time);
    const last = begun.sort((left, right) => right.from - left.from)[0];
    if (last === undefined || (last.length !== 0 && time >= last.from + last.length)) continue;
    if (last.address === address) owners.add(id);
  }
  return owners.size === 1 ? [...owners][0]! : 0;
}

test('an address is the pod that had it alone at the time, whatever is told in whatever order, again and between', () => {
  const runs = fc.property(
    fc.array(version, { maxLength: 14 }),
    fc.array(fc.record({ address: fc.integer({ min: 1, max: 3 }), time: times, after: fc.nat(14) }), { maxLength: 20 }),
    (told, questions) => {
      const table = new ResourceTable(limits);
      const tagger = new AgentTagger(table, 10, newTagCounts());
      tagger.learn([aProcess({ podUid: mine })]);
      const inOne = { parents: [{ kind: 'cluster', id: 1, uid: '' }] } as const;
      for (const id of [1, 2])
        table.learnResource(aResource({ kind: 'cluster', id, uid: `c${id}`, validFromNs: 0n }), 1);
      table.learnResource(aResource({ kind: 'pod', id: 99, uid: mine, validFromNs: 0n, ...inOne }), 1);
      for (let count = 0; count <= told.length; count++) {
        for (const { address, time, after } of questions) {
          if (after > count) continue;
          for (const isServer of [false, true]) {
            const remoteAddress = addressBytes(address, after % 2 === 0);
            const { peer } = tagger.tag(tagQuestion({ remoteAddress, timeNs: BigInt(time), isServer }));
            const expected = model(told.slice(0, count), address, time);
            expect(peer.podId).toBe(expected);
            expect(peer.autoInstanceType).toBe(expected === 0 ? kinds.address : kinds.pod);
          }
        }
        const next = told[count];
        if (next !== undefined) table.learnResource(podOf(next), 1);
      }
      // Removed, by tombstones, there is nothing left.
      for (const { id, from } of told)
        table.learn({
          ...{ topic: 'resources', partition: 0, offset: 0, timestampMs: 0, headers: {} },
          ...{ key: `pod:p${id}@${from}`, value: Buffer.alloc(0) },
        });
      expect(table.size).toBe(3);
    },
  );
  fc.assert(runs, { numRuns: propertyRuns(400) });
});

test('what ended long ago is forgotten, what lives is not', () => {
  const table = new ResourceTable({ resourceMemory: 1000, maxEndedResources: 3, maxHosts: 1000 });
  const told = (id: number, validToNs: bigint): void => {
    table.learnResource(aResource({ kind: 'pod', id, uid: `p${id}`, validFromNs: 1n, validToNs }), 1_000_000);
  };
  told(1, 0n);
  told(2, 5_000_000_000n);
  told(3, 9_000_000_000n);
  table.forget(6_500_000_000n);
  expect([1, 2, 3].map((id) => table.byId(kinds.pod, id) !== undefined)).toEqual([true, false, true]);
  for (let id = 10; id < 16; id++) told(id, BigInt(id) * 1_000_000_000n);
  table.forget(6_500_000_001n);
  expect([1, 3, 12, 13, 15].map((id) => table.byId(kinds.pod, id) !== undefined)).toEqual([
    true,
    false,
    false,
    true,
    true,
  ]);
});
