import { gatewayInterface, type PodName, type Scenario } from '../topology.ts';

/**
 * What a trace of Bookinfo looks like: for each observation its parent. An observation is named by call, place and point, such
 * as `details productpage/sidecar c-p`; the place of a packet is the name of its interface, which is that of the
 * pod, of the node, or of the gateway's side.
 */
export type ExpectedTree = ReadonlyMap<string, string>;

/** A call between services, by the name that its path begins with, which is also the pod that answers it. */
interface Call {
  readonly name: PodName;
  readonly from: PodName;
  /** Where packets of the call are seen on the way, as `place point`. */
  readonly packets: Readonly<Record<Scenario, readonly string[]>>;
}

const sameNode = (from: PodName, to: PodName): Call['packets'] => {
  const path = [`${from} c`, `${to} s`];
  return { tunnel: path, nat: path, delay: path };
};

const crossNode = (from: PodName, nodes: readonly [string, string], to: PodName): Call['packets'] => {
  const [client, server] = nodes;
  const tunnel = [`${from} c`, `${client} c-nd`, `${server} s-nd`, `${to} s`];
  const [clientGateway, serverGateway] = [gatewayInterface(client), gatewayInterface(server)];
  const toGateway = [`${from} c`, `${client} c-nd`, `${clientGateway} c-gw`];
  const nat = [...toGateway, `${serverGateway} s-gw`, `${server} s-nd`, `${to} s`];
  return { tunnel, nat, delay: tunnel };
};

const calls: readonly Call[] = [
  { name: 'productpage', from: 'loadgenerator', packets: sameNode('loadgenerator', 'productpage') },
  { name: 'details', from: 'productpage', packets: crossNode('productpage', ['node-1', 'node-2'], 'details') },
  { name: 'reviews', from: 'productpage', packets: crossNode('productpage', ['node-1', 'node-2'], 'reviews') },
  { name: 'ratings', from: 'reviews', packets: crossNode('reviews', ['node-2', 'node-1'], 'ratings') },
];

/** The root's parent. */
export const noParent = '';

/** The tree of one request. @param withPackets also what is seen on interfaces, besides the processes */
export function expectedTree(scenario: Scenario, withPackets: boolean): ExpectedTree {
  const tree = new Map<string, string>();
  /** What a service was doing when it made its calls. */
  const serving = new Map<PodName, string>();
  for (const { name, from, packets } of calls) {
    const path = [
      `${from}/service c-p`,
      `${from}/sidecar s-p`,
      `${from}/sidecar c-p`,
      ...(withPackets ? packets[scenario] : []),
      `${name}/sidecar s-p`,
      `${name}/sidecar c-p`,
      `${name}/service s-p`,
    ].map((place) => `${name} ${place}`);
    path.forEach((observation, index) => {
      tree.set(observation, index === 0 ? (serving.get(from) ?? noParent) : path[index - 1]!);
    });
    serving.set(name, path.at(-1)!);
  }
  return tree;
}
