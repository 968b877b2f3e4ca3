import type { Resource } from '../generated/resource.ts';

/** A version of a resource for a test: a pod that is valid from 1000 ns on. */
export function aResource(given: Partial<Resource> = {}): Resource {
  return {
    kind: 'pod',
    id: 1,
    uid: 'uid',
    name: '',
    parents: [],
    addresses: [],
    labels: {},
    annotations: {},
    environment: {},
    validFromNs: 1000n,
    validToNs: 0n,
    type: '',
    networks: [],
    ports: [],
    macAddresses: [],
    ...given,
  };
}
