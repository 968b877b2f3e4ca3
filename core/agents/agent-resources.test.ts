import { describe, expect, it } from 'vitest';
import type { Resource } from '../../schemas/generated/resource.ts';
import { aResource } from '../../schemas/testing/a-resource.ts';
import { aProcess } from '../../schemas/testing/an-event.ts';
import {
  agentResourceProblem,
  batchProblem,
  boundedLabels,
  hash31,
  hostUid,
  processFactsProblem,
  processUid,
  resourceKey,
} from './agent-resources.ts';
import { reportedProcess } from './reported-process.ts';

const agentId = 0x12345;
const author = { kind: 'author', agentId } as const;
const anybody = { kind: 'author', agentId: undefined } as const;
const uid = hostUid(agentId);
const host = aResource({
  ...{ kind: 'host', id: hash31(uid), uid, name: 'a', parents: [{ kind: 'instance', id: 0, uid: 'aws:i-1' }] },
  ...{ addresses: [Uint8Array.of(10, 0, 0, 1)], environment: { kernel: '6.1' }, validFromNs: 5n },
});
const ownUid = processUid(agentId, { processId: 12, startTimeNs: 99n });
const process: Resource = {
  ...host,
  ...{ kind: 'process', id: hash31(ownUid), uid: ownUid, name: 'node', addresses: [] },
  parents: [{ kind: 'host', id: host.id, uid: '' }],
};
const reported: Resource = {
  ...{ ...process, ...reportedProcess(agentId, new Map([['service.name', 'cart']])) },
  labels: { 'service.name': 'cart' },
};
const otherUid = hostUid(agentId + 1);
const problem = (resource: Resource, key = resourceKey(resource)): unknown =>
  agentResourceProblem(resource, key, author);

describe('what an agent says of resources', () => {
  it('is taken of its own host and processes', () => {
    expect(problem(host)).toBeUndefined();
    expect(problem(process)).toBeUndefined();
    expect(problem(process, `${resourceKey(process)}#0123456789abcdef`)).toBeUndefined();
    expect(problem({ ...process, id: hash31(ownUid) + 63 })).toBeUndefined();
    expect(problem({ ...host, parents: [] })).toBeUndefined();
  });

  it('is taken of programs that report spans to it, with their attributes', () => {
    expect(problem(reported)).toBeUndefined();
    const long = new Map([...Array(1000).keys()].map((n): [string, string] => [`key${n}`, 'a'.repeat(20_000)]));
    expect(problem({ ...reported, labels: boundedLabels(long) })).toBeUndefined();
  });

  it.each<[string, Resource, string?]>([
    ['of a program that reports to another agent', { ...reported, ...reportedProcess(agentId + 1, new Map()) }],
    ['of a program that reports, under the id of another', { ...reported, id: reported.id + 1 }],
    ['of a program that reports, as a host', { ...reported, kind: 'host' }],
    ['of a program that reports, on another host', { ...reported, parents: [{ kind: 'host', id: 3, uid: '' }] }],
    ['with 1,000 labels', { ...reported, labels: Object.fromEntries([...Array(1000).keys()].map((n) => [n, ''])) }],
    ['of a pod', { ...host, kind: 'pod' }],
    ['of a node', { ...host, kind: 'node' }],
    ['of a cloud instance', { ...host, kind: 'instance' }],
    ['of the host of another agent', { ...host, uid: otherUid, id: hash31(otherUid) }],
    ['of a process of another agent', { ...process, uid: ownUid.replace(uid, otherUid) }],
    ['of its host under the id of another', { ...host, id: host.id + 1 }],
    ['of a process under the id of another', { ...process, id: process.id + 64 }],
    ['of a process under an id before its own', { ...process, id: process.id - 1 }],
    ['of a process without an id', { ...process, id: 0 }],
    ['of a host that is a process', { ...process, kind: 'host' }],
    ['of a process that is a host', { ...process, uid, id: hash31(uid) }],
    ['of a process on another host', { ...process, parents: [{ kind: 'host', id: 3, uid: '' }] }],
    ['of a host in a node', { ...host, parents: [{ kind: 'node', id: 4, uid: '' }] }],
    ['of a host in an instance by an id', { ...host, parents: [{ kind: 'instance', id: 4, uid: '' }] }],
    ['with addresses of a process', { ...process, addresses: [Uint8Array.of(10, 0, 0, 1)] }],
    ['with networks', { ...host, networks: [{ address: Uint8Array.of(10, 0, 0, 0), prefixLength: 8 }] }],
    ['with labels', { ...host, labels: { a: 'b' } }],
    ['with 5,000 addresses', { ...host, addresses: Array<Uint8Array>(5000).fill(Uint8Array.of(1, 2, 3, 4)) }],
    ['with a name of 20 kB', { ...host, name: 'a'.repeat(20_000) }],
    [
      'with 1,000 variables',
      { ...process, environment: Object.fromEntries([...Array(1000).keys()].map((n) => [n, ''])) },
    ],
    ['under the key of another version', host, resourceKey({ ...host, validFromNs: 6n })],
    ['under a key that only begins so', host, `${resourceKey(host)}0`],
  ])('is refused %s', (_, resource, key) => {
    expect(problem(resource, key)).toMatchObject({ kind: 'refused', reason: 'forged' });
  });

  it('is not compared with anybody where nobody has to sign, but stays about hosts and processes', () => {
    expect(agentResourceProblem({ ...host, id: 4 }, 'x', anybody)).toBeUndefined();
    expect(agentResourceProblem({ ...host, kind: 'pod' }, 'x', anybody)).toMatchObject({ reason: 'forged' });
  });
});

describe('what an agent says with events', () => {
  it('is of itself, under its own key', () => {
    expect(batchProblem(agentId, String(agentId), author)).toBeUndefined();
    expect(batchProblem(agentId + 1, String(agentId + 1), author)).toMatchObject({ reason: 'forged' });
    expect(batchProblem(agentId, String(agentId + 1), author)).toMatchObject({ reason: 'forged' });
    expect(batchProblem(agentId + 1, 'x', anybody)).toBeUndefined();
  });

  it('is of processes of its own host, with ids of their own', () => {
    const facts = aProcess({ processId: 12, startTimeNs: 99n, resourceId: hash31(ownUid), hostResourceId: host.id });
    expect(processFactsProblem([facts, { ...facts, resourceId: facts.resourceId + 1 }], author)).toBeUndefined();
    for (const wrong of [{ hostResourceId: host.id + 1 }, { resourceId: facts.resourceId - 1 }, { processId: 13 }])
      expect(processFactsProblem([facts, { ...facts, ...wrong }], author)).toMatchObject({ reason: 'forged' });
    expect(processFactsProblem([{ ...facts, hostResourceId: 1 }], anybody)).toBeUndefined();
  });
});
