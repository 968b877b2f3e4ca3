import { expect, test } from 'vitest';
import { imbalance } from '../../core/stage/accounting.ts';
import type { Resource } from '../../schemas/generated/resource.ts';
import { plainState } from './plain-state.ts';
import type { ResourceState } from './resource-state.ts';
import { type OutgoingVersion, ResourceVersions } from './resource-versions.ts';

const second = 1_000_000_000n;

function pod(uid: string, facts: Partial<ResourceState> = {}): ResourceState {
  return plainState({ kind: 'pod', uid, name: uid }, { addresses: [Uint8Array.of(10, 0, 0, 1)], ...facts });
}

/** Versions of which every step is due at once, and what they publish. */
function opened(): {
  versions: ResourceVersions;
  take: () => readonly Resource[];
  outgoing: () => readonly OutgoingVersion[];
} {
  const versions = new ResourceVersions({ settleMs: 100, retentionMs: 1000 });
  let next = 1;
  const outgoing = (): readonly OutgoingVersion[] => versions.take(1e15, 1000, () => next++);
  const take = (): readonly Resource[] => outgoing().flatMap(({ version }) => version ?? []);
  return { versions, take, outgoing };
}

const interval = ({ id, validFromNs, validToNs }: Resource): readonly unknown[] => [id, validFromNs, validToNs];

test('a resource gets one id, and a version for each change; the former ends where the next begins', () => {
  const { versions, take } = opened();
  versions.put('a', [pod('x')], 10n * second, 0);
  expect(take().map(interval)).toEqual([[1, 10n * second, 0n]]);
  versions.put('a', [pod('x')], 11n * second, 0);
  expect(take()).toEqual([]);
  versions.put('a', [pod('x', { labels: { app: 'web' } })], 12n * second, 0);
  expect(take().map(interval)).toEqual([
    [1, 10n * second, 12n * second],
    [1, 12n * second, 0n],
  ]);
  versions.end('a', pod('x'), 13n * second, 0);
  expect(take().map(interval)).toEqual([[1, 12n * second, 13n * second]]);
  expect(versions.counters.dropped).toMatchObject({ unchanged: 1 });
  expect(imbalance(versions.counters)).toBe(0);
});

test('several changes in a row are one version, but not when one of them had an address', () => {
  const { versions, take } = opened();
  versions.put('a', [pod('x', { addresses: [] })], 1n * second, 0);
  versions.put('a', [pod('x', { labels: { step: '1' } })], 2n * second, 0);
  versions.put('a', [pod('x', { labels: { step: '2' } })], 3n * second, 0);
  versions.put('a', [pod('x', { addresses: [] })], 4n * second, 0);
  expect(take().map((each) => [...interval(each), each.addresses.length])).toEqual([
    [1, 1n * second, 4n * second, 1],
    [1, 4n * second, 0n, 0],
  ]);
});

test('a resource that comes and goes before it was due is published with its end', () => {
  const { versions, take } = opened();
  versions.put('a', [pod('x')], 1n * second, 0);
  versions.end('a', pod('x'), 2n * second, 0);
  expect(take().map(interval)).toEqual([[1, 1n * second, 2n * second]]);
});

test('a version holds from when its source says, never from the future, never from before the former', () => {
  const { versions, take } = opened();
  versions.put('a', [pod('x', { sinceNs: 5n * second })], 9n * second, 0);
  versions.put('a', [pod('y', { sinceNs: 99n * second })], 9n * second, 0);
  expect(take().map(({ validFromNs }) => validFromNs)).toEqual([5n * second, 9n * second]);
  versions.put('a', [pod('x', { sinceNs: 4n * second, labels: { a: 'b' } })], 12n * second, 0);
  expect(take().map(({ validFromNs }) => validFromNs)).toEqual([5n * second, 12n * second]);
});

test('another publisher goes on: same ids, nothing again, and what vanished in between ends', () => {
  const first = opened();
  const parents = [{ kind: 'node', uid: 'n' }] as const;
  const states = [pod('x', { parents }), pod('y'), { ...pod('n'), kind: 'node' as const, addresses: [] }];
  first.versions.replaceAll('a', states, 1n * second, 0);
  first.versions.put('b', [pod('other')], 1n * second, 0);
  const next = opened();
  for (const { version, source } of first.outgoing()) next.versions.learn(version!, source);
  next.versions.replaceAll('a', [states[2]!, states[0]!], 5n * second, 0);
  expect(next.take().map((each) => [each.uid, ...interval(each)])).toEqual([['y', 2, 1n * second, 5n * second]]);
});

test('a pod whose end nobody saw had ended when the next one had its address', () => {
  const { versions, take } = opened();
  versions.put('a', [pod('x')], 1n * second, 0);
  take();
  versions.replaceAll('a', [pod('y', { sinceNs: 20n * second })], 60n * second, 0);
  expect(take().map((each) => [each.uid, each.validToNs])).toEqual([
    ['y', 0n],
    ['x', 21n * second],
  ]);
});

test('a parent of the same source is named by its id, that of another by its uid', () => {
  const { versions, take } = opened();
  const node: ResourceState = { ...pod('n'), kind: 'node', parents: [{ kind: 'instance', uid: 'aws:i-1' }] };
  versions.put('cloud', [{ ...pod('aws:i-1'), kind: 'instance' }], 1n, 0);
  versions.put('a', [node, pod('x', { parents: [{ kind: 'node', uid: 'n' }] })], 1n, 0);
  const parents = take().map((each) => each.parents);
  expect(parents).toEqual([[], [{ kind: 'instance', id: 0, uid: 'aws:i-1' }], [{ kind: 'node', id: 2, uid: '' }]]);
});

test('a label of 256 KiB is cut with a mark and counted, and does not make a new version each time', () => {
  const { versions, take } = opened();
  const labels = { big: 'ä'.repeat(128 * 1024), app: 'web' };
  versions.put('a', [pod('x', { labels })], 1n, 0);
  const [version] = take();
  expect(version!.labels['app']).toBe('web');
  expect(version!.labels['big']).toMatch(/^ä{500,}…$/);
  expect(Buffer.byteLength(version!.labels['big']!)).toBeLessThanOrEqual(1024);
  expect(versions.cut).toBe(1);
  const again = opened();
  again.versions.learn(version!, 'a');
  again.versions.put('a', [pod('x', { labels })], 2n, 0);
  expect(again.take()).toEqual([]);
});

test('versions that ended long ago are removed, and their resource with them', () => {
  const { versions, take } = opened();
  versions.put('a', [pod('x')], 1n * second, 0);
  versions.end('a', pod('x'), 2n * second, 0);
  take();
  expect(versions.expire(2_500)).toEqual([]);
  expect(versions.expire(3_001)).toEqual([{ key: 'pod:x@1000000000', source: 'a', version: undefined }]);
  expect(versions.expire(9_000)).toEqual([]);
});

test('of two publishers at once, the lower id and the newer version count', () => {
  const first = opened();
  first.versions.put('a', [pod('x')], 1n * second, 0);
  const [mine] = first.take();
  first.versions.learn({ ...mine!, id: 65, validFromNs: 3n * second, labels: { other: 'publisher' } }, 'a');
  expect(first.take().map(interval)).toEqual([
    [1, 3n * second, 0n],
    [1, 1n * second, 3n * second],
  ]);
  first.versions.put('a', [pod('x', { labels: { other: 'publisher' } })], 4n * second, 0);
  expect(first.take()).toEqual([]);
  first.versions.put('a', [pod('x')], 5n * second, 0);
  expect(first.take().map(interval)).toEqual([
    [1, 3n * second, 5n * second],
    [1, 5n * second, 0n],
  ]);
});

test('what is no resource is refused by reason', () => {
  const { versions, take } = opened();
  versions.put('a', [pod(''), pod('x', { addresses: [Uint8Array.of(1)] })], 1n, 0);
  versions.end('a', pod('never'), 1n, 0);
  expect(take()).toEqual([]);
  expect(versions.counters.rejected).toEqual({ bad_uid: 1, bad_address: 1, never_told: 1 });
});
