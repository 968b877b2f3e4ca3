/** Objects of Kubernetes as resources: what they are called, what they belong to, where they are reached. Pure. */
import type { ResourceKind } from '../../schemas/generated/resource.ts';
import { plainState } from '../resources/plain-state.ts';
import type { ResourceState, ResourceUid } from '../resources/resource-state.ts';
import type { KeptObject, SlicePort } from './kept-object.ts';

/** The cluster itself. @param uid that of the namespace kube-system */
export function clusterState(uid: string, name: string): ResourceState {
  return plainState({ kind: 'cluster', uid, name });
}

/** Parents of an object; undefined ones are left out. */
export type Parents = readonly (ResourceUid | undefined)[];

function stateOf(kind: ResourceKind, object: KeptObject, parents: Parents): ResourceState {
  const { uid, name, labels, annotations, addresses, createdNs } = object;
  const known = parents.filter((parent) => parent !== undefined);
  return plainState({ kind, uid, name }, { labels, annotations, addresses, sinceNs: createdNs, parents: known });
}

export function namespaceState(object: KeptObject, parents: Parents): ResourceState {
  return stateOf('namespace', object, parents);
}

export function nodeState(object: KeptObject, parents: Parents): ResourceState {
  const { providerId = '', networks = [] } = object.node ?? {};
  const instance = instanceOf(providerId);
  return { ...stateOf('node', object, [...parents, instance]), networks };
}

/**
 * The instance that a node runs on, by the uid that the source of its cloud gives it: `aws:///us-east-1a/i-0abc` is
 * `aws:i-0abc`, `gce://project/zone/name` is `gce:project/zone/name`.
 */
export function instanceOf(providerId: string): ResourceUid | undefined {
  const match = /^([a-z0-9-]+):\/\/(.+)$/i.exec(providerId);
  if (match === null) return undefined;
  const [, provider = '', path = ''] = match;
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return undefined;
  const id = provider === 'aws' ? parts.at(-1)! : parts.join('/');
  return { kind: 'instance', uid: `${provider}:${id}` };
}

/** @param kind the kind of its object, which is the type of the workload */
export function workloadState(object: KeptObject, parents: Parents): ResourceState {
  return { ...stateOf('workload', object, parents), type: object.kind };
}

/**
 * A pod; undefined while it has not started, since nothing can be seen of it. One in the network of its node does not
 * own the address, and one that has ended owns none.
 */
export function podState(object: KeptObject, parents: Parents): ResourceState | undefined {
  const { phase = '', isHostNetwork = false, startedNs, finishedNs } = object.pod ?? {};
  const hasEnded = phase === 'Succeeded' || phase === 'Failed';
  if (!hasEnded && object.addresses.length === 0 && (phase === 'Pending' || phase === '')) return undefined;
  const state = stateOf('pod', object, parents);
  if (hasEnded) return { ...state, addresses: [], sinceNs: finishedNs };
  return { ...state, addresses: isHostNetwork ? [] : object.addresses, sinceNs: startedNs };
}

/** A pod that has ended, as it was while it ran; undefined for others, and where it is not known when that was. */
export function livedState({ addresses, pod }: KeptObject, ended: ResourceState): ResourceState | undefined {
  if (pod === undefined || ended.addresses.length > 0 || addresses.length === 0 || pod.isHostNetwork) return undefined;
  if (pod.startedNs === undefined || pod.finishedNs === undefined) return undefined;
  return { ...ended, addresses, sinceNs: pod.startedNs };
}

/** @param slicePorts ports of all slices of the service: where a port of the pods is given by name, they know the number */
export function serviceState(object: KeptObject, parents: Parents, slicePorts: readonly SlicePort[]): ResourceState {
  const { type = '', ports = [] } = object.service ?? {};
  return {
    ...stateOf('service', object, parents),
    type,
    ports: ports.map(({ name, transport, port, targetPort, targetName, nodePort }) => {
      const numbers = new Set(
        slicePorts.filter((each) => each.name === name && each.transport === transport).map((each) => each.port),
      );
      const named = numbers.size === 1 ? [...numbers][0]! : 0;
      // Without a target port it is the port itself.
      const target = targetPort !== 0 ? targetPort : targetName !== '' ? named : port;
      return { transport, port, targetPort: target, nodePort };
    }),
  };
}

export function ingressState(object: KeptObject, parents: Parents): ResourceState {
  return stateOf('ingress', object, parents);
}
