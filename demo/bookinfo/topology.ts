/**
 * Where the services of Bookinfo are: pods on two nodes, each with an address of the network of its node. cluster.yaml beside
 * this file says the same as resources.
 */

/** Ways for packets between the nodes: through a tunnel, through address translation, or through a tunnel over a bad line. */
export const scenarios = ['tunnel', 'nat', 'delay'] as const;
export type Scenario = (typeof scenarios)[number];

/** A node. Its interface on the line between the nodes has its name, too. */
export interface Node {
  readonly name: string;
  /** Its address on the line between the nodes; in the scenario nat on its line to the gateway. */
  readonly address: string;
  /** First three numbers of the addresses of its pods; .1 is the node's own. */
  readonly podNetwork: string;
}

/** A pod: a service of Bookinfo with its sidecar. */
export interface Pod {
  /** Also the name of its interface in the node. */
  readonly name: string;
  readonly node: string;
  readonly address: string;
  readonly uid: string;
  /** Address of its service, which the scenario nat translates. */
  readonly serviceAddress?: string;
}

export const nodes = [
  { name: 'node-1', address: '172.31.1.1', podNetwork: '10.244.1' },
  { name: 'node-2', address: '172.31.2.1', podNetwork: '10.244.2' },
] as const satisfies readonly Node[];

export const pods = [
  { name: 'loadgenerator', node: 'node-1', address: '10.244.1.10', uid: 'bookinfo-pod-loadgenerator' },
  {
    name: 'productpage',
    node: 'node-1',
    address: '10.244.1.11',
    uid: 'bookinfo-pod-productpage',
    serviceAddress: '10.96.0.11',
  },
  {
    name: 'details',
    node: 'node-2',
    address: '10.244.2.12',
    uid: 'bookinfo-pod-details',
    serviceAddress: '10.96.0.12',
  },
  {
    name: 'reviews',
    node: 'node-2',
    address: '10.244.2.13',
    uid: 'bookinfo-pod-reviews',
    serviceAddress: '10.96.0.13',
  },
  {
    name: 'ratings',
    node: 'node-1',
    address: '10.244.1.14',
    uid: 'bookinfo-pod-ratings',
    serviceAddress: '10.96.0.14',
  },
] as const satisfies readonly Pod[];

export type PodName = (typeof pods)[number]['name'];
export type NamespaceName = (typeof nodes)[number]['name'] | PodName | 'gateway' | 'line';

/** The gateway's interface towards a node. */
export const gatewayInterface = (node: string): string => node.replace('node', 'gateway');

/** Ports, the same in every pod: it has loopback for itself. */
export const ports = {
  /** Of the service on loopback, and of its sidecar on the address of the pod. */
  service: 9080,
  /** Of the sidecar on loopback, for what the service calls. */
  outbound: 15001,
} as const;
