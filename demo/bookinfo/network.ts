import { join } from 'node:path';
import { projectFile } from '../../core/project-files.ts';
import { describeEnd, startChild, type Child } from '../child.ts';
import { findProgram } from '../find-program.ts';
import { endingWithParent } from './ending-with-parent.ts';
import { startNamespace, type Namespace } from './namespace.ts';
import { gatewayInterface, nodes, pods, ports, type NamespaceName, type Pod, type Scenario } from './topology.ts';

interface Namespaces {
  of(name: NamespaceName): Namespace;
}

/** Nodes, pods and what is between them, each as a network namespace. */
export interface Network extends Namespaces {
  /** Nodes, and the gateway where there is one: their interfaces carry what others send. */
  readonly routers: readonly Namespace[];
  /** Resolves when a part has ended, with a sentence that says so. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** So that a packet of a pod fits into the tunnel. */
const podMtu = 1450;
const [first, second] = nodes;

/** Builds the network. @throws Error with what `ip` or iptables says; nothing is left then */
export async function startNetwork(scenario: Scenario, folder: string): Promise<Network> {
  const namespaces = new Map<NamespaceName, Namespace>();
  const processes: Pick<Namespace, 'ended' | 'stop'>[] = [];
  const stop = async (): Promise<void> => {
    for (const { stop: end } of processes.toReversed()) await end();
  };
  const parts: Namespaces & Pick<Network, 'stop'> = {
    of(name) {
      const namespace = namespaces.get(name);
      if (namespace === undefined) throw new Error(`there is no ${name} in the scenario ${scenario}`);
      return namespace;
    },
    stop,
  };
  const between: Readonly<Record<Scenario, readonly NamespaceName[]>> = {
    tunnel: [],
    nat: ['gateway'],
    delay: ['line'],
  };
  try {
    for (const name of [...nodes.map((node) => node.name), ...pods.map((pod) => pod.name), ...between[scenario]]) {
      const namespace = await startNamespace(name, folder);
      namespaces.set(name, namespace);
      processes.push(namespace);
    }
    if (scenario === 'nat') await joinByGateway(parts);
    else {
      const line = await joinByTunnel(parts, scenario, folder);
      if (line !== undefined) processes.push({ ended: describeEnd(line), stop: () => line.stop() });
    }
    for (const node of nodes) await addPods(parts, node);
    if (scenario === 'nat') await translateServices(parts);
    const routers = [...nodes.map(({ name }) => name), 'gateway' as const].flatMap(
      (name) => namespaces.get(name) ?? [],
    );
    return { ...parts, routers, ended: Promise.race(processes.map(({ ended }) => ended)) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Pods are on a bridge of their node, which is their router. */
async function addPods(network: Namespaces, node: (typeof nodes)[number]): Promise<void> {
  const own: readonly (Pod & { readonly name: NamespaceName })[] = pods.filter((pod) => pod.node === node.name);
  await network
    .of(node.name)
    .configure([
      'link set lo up',
      'link add cni0 type bridge',
      `addr add ${node.podNetwork}.1/24 dev cni0`,
      'link set cni0 up',
      ...own.flatMap(({ name }) => [
        `link add ${name} mtu ${podMtu} type veth peer name eth0 mtu ${podMtu} netns ${network.of(name).processId}`,
        `link set ${name} master cni0 up`,
      ]),
    ]);
  for (const { name, address } of own)
    await network
      .of(name)
      .configure([
        'link set lo up',
        `addr add ${address}/24 dev eth0`,
        'link set eth0 up',
        `route add default via ${node.podNetwork}.1`,
      ]);
}

/** A VXLAN tunnel between the nodes, over a cable or over a line that delays and loses packets. @returns what moves them there */
async function joinByTunnel(network: Namespaces, scenario: Scenario, folder: string): Promise<Child | undefined> {
  const [one, two] = [network.of(first.name), network.of(second.name)];
  const line = scenario === 'delay' ? network.of('line') : undefined;
  if (line === undefined)
    await one.configure([`link add ${first.name} type veth peer name ${second.name} netns ${two.processId}`]);
  else
    await line.configure([
      'link set lo up',
      `link add left type veth peer name ${first.name} netns ${one.processId}`,
      `link add right type veth peer name ${second.name} netns ${two.processId}`,
      'link set left up',
      'link set right up',
    ]);
  for (const [node, other] of [nodes, nodes.toReversed()] as const)
    await network.of(node.name).configure([
      `addr add ${node.address}/16 dev ${node.name}`,
      `link set ${node.name} up`,
      `link add vxlan0 type vxlan id 1 local ${node.address} remote ${other.address} dstport 4789 dev ${node.name}`,
      // The line moves single packets.
      ...(line === undefined ? [] : ['link set vxlan0 gso_max_segs 1']),
      `addr add ${node.podNetwork}.0/32 dev vxlan0`,
      'link set vxlan0 up',
      `route add ${other.podNetwork}.0/24 via ${other.podNetwork}.0 dev vxlan0 onlink`,
    ]);
  return line && startLine(line, folder);
}

/** What the scenario delay does to the line, in each direction. */
export const lineFaults = { delayMs: 20, lossPercent: 2 } as const;

/** Stands for `tc netem`, which not every kernel has. */
function startLine(line: Namespace, folder: string): Promise<Child> {
  const python = findProgram('python3') ?? 'python3';
  const { delayMs, lossPercent } = lineFaults;
  const args = [projectFile('demo', 'services', 'bookinfo', 'line.py'), 'left', 'right', delayMs, lossPercent];
  return startChild({
    name: 'line',
    ...line.inside(endingWithParent({ command: python, args: args.map(String) })),
    stopSignal: 'SIGTERM',
    logPath: join(folder, 'line-forwarder.log'),
  });
}

/** Plain routes over a gateway that gives what it forwards its own address. */
async function joinByGateway(network: Namespaces): Promise<void> {
  const gateway = network.of('gateway');
  const sides = nodes.map((node) => ({
    node,
    router: node.address.replace(/\d+$/, '254'),
    inGateway: gatewayInterface(node.name),
  }));
  await gateway.configure([
    'link set lo up',
    ...sides.flatMap(({ node, router, inGateway }) => [
      `link add ${inGateway} type veth peer name ${node.name} netns ${network.of(node.name).processId}`,
      `addr add ${router}/24 dev ${inGateway}`,
      `link set ${inGateway} up`,
      `route add ${node.podNetwork}.0/24 via ${node.address} onlink dev ${inGateway}`,
    ]),
  ]);
  for (const { node, router, inGateway } of sides) {
    await network
      .of(node.name)
      .configure([
        `addr add ${node.address}/24 dev ${node.name}`,
        `link set ${node.name} up`,
        `route add default via ${router}`,
      ]);
    await gateway.run('iptables', ...words(`-t nat -A POSTROUTING -o ${inGateway} -j SNAT --to-source ${router}`));
  }
}

/** A node sends what its pods send to the address of a service to the pod of that service. */
async function translateServices(network: Namespaces): Promise<void> {
  const services = pods.flatMap((pod) => ('serviceAddress' in pod ? [pod] : []));
  for (const { name } of nodes)
    for (const { address, serviceAddress } of services)
      await network
        .of(name)
        .run(
          'iptables',
          ...words(`-t nat -A PREROUTING -d ${serviceAddress} -p tcp --dport ${ports.service}`),
          ...words(`-j DNAT --to-destination ${address}:${ports.service}`),
        );
}

const words = (text: string): readonly string[] => text.split(' ');
