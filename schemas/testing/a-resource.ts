import type { ProcessFacts } from '../generated/event-batch.ts';
import type { Resource } from '../generated/resource.ts';
import type { TagQuestion } from '../../enricher/tag/tagger.ts';

/** A version of a resource for a test: it lives from 1000 ns on, unless told otherwise. */
export function resource(given: Partial<Resource>): Resource {
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

/** Facts of process 10 on host 3 for a test. */
export function processFacts(given: Partial<ProcessFacts>): ProcessFacts {
  return {
    processId: 10,
    startTimeNs: 1n,
    name: 'node',
    serviceName: 'shop',
    executable: '/usr/bin/node',
    containerId: '',
    podUid: '',
    resourceId: 7,
    hostResourceId: 3,
    environment: {},
    ...given,
  };
}

/** A question of process 10 for a test. */
export function tagQuestion(given: Partial<TagQuestion>): TagQuestion {
  return {
    processId: 10,
    transport: 'tcp',
    isServer: false,
    localAddress: Uint8Array.of(10, 1, 1, 1),
    localPort: 8080,
    remoteAddress: Uint8Array.of(10, 1, 2, 1),
    remotePort: 8080,
    timeNs: 1500n,
    memo: { local: undefined },
    ...given,
  };
}
