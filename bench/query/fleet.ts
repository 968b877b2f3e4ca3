/**
 * A made-up cluster, always the same: 200 services of very different load on 1,400 pods, 60 nodes, 12 namespaces. The last 30
 * services are databases outside, known by their address only.
 */
import type { Resource, ResourceKind } from '../../schemas/generated/resource.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import type { Protocol, Side } from '../../schemas/generated/span.ts';
import { aResource } from '../../schemas/testing/a-resource.ts';
import { aSide } from '../../schemas/testing/a-span.ts';
import { Random } from './random.ts';

export const serviceCount = 200;
const databaseCount = 30;
const nodeCount = 60;
const namespaceCount = 12;

/** What runs in one pod, or a database. */
export interface Instance {
  readonly side: Side;
  readonly agentId: number;
  readonly processId: number;
}

/** An endpoint of a service. */
export interface Endpoint {
  readonly requestType: string;
  readonly endpoint: string;
  readonly medianNs: number;
}

/** A service. */
export interface FleetService {
  readonly number: number;
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly processName: string;
  readonly instances: readonly Instance[];
  readonly endpoints: readonly Endpoint[];
  /** Services that it calls. */
  readonly calls: readonly number[];
}

const nouns = ['cart', 'catalog', 'checkout', 'payment', 'search', 'billing', 'stock', 'session', 'profile', 'mail'];
const roles = ['api', 'worker', 'gateway', 'cache', 'store', 'proxy', 'index', 'quota', 'feed', 'rules'];
const programs = ['node', 'java', 'python3', 'app', 'nginx', 'envoy'];
const databases = ['redis', 'mysql', 'postgresql'] as const;
const databasePorts = { redis: 6379, mysql: 3306, postgresql: 5432 } as const;

const hashOf = (number: number): number => new Random(number).word() >>> 1 || 1;

function instanceOf(service: number, pod: number, node: number, isDatabase: boolean): Instance {
  const address = Uint8Array.of(10, isDatabase ? 200 : node, pod >> 8, pod & 255);
  if (isDatabase) {
    const id = service + 1;
    const auto = { autoInstanceId: id, autoInstanceType: 15, autoServiceId: id, autoServiceType: 15 };
    return { side: aSide({ address, vpcId: 1, ...auto, resolution: 4 }), agentId: 0, processId: 0 };
  }
  const host = hashOf(node + 1_000);
  const process = hashOf(pod + 100_000);
  const side = aSide({
    address,
    regionId: 1,
    zoneId: 1 + (node % 3),
    vpcId: 1,
    subnetId: 1 + (node % 6),
    hostId: host,
    instanceId: node + 1,
    clusterId: 1 + (node % 2),
    nodeId: node + 1,
    namespaceId: 1 + (service % namespaceCount),
    workloadId: service + 1,
    podId: pod + 1,
    serviceId: service + 1,
    processResourceId: process,
    autoInstanceId: pod + 1,
    autoInstanceType: resourceKindIndex.pod,
    autoServiceId: service + 1,
    autoServiceType: resourceKindIndex.service,
    resolution: 3,
  });
  return { side, agentId: 1_000 + node, processId: 2_000 + (pod % 30_000) };
}

const sqlTables = ['item', 'customer', 'orders', 'session', 'price', 'address', 'stock', 'invoice'];

function endpointsOf(service: number, protocol: Protocol, random: Random): readonly Endpoint[] {
  const medianOf = (scale: number): number => random.around(scale, 1);
  switch (protocol) {
    case 'redis':
      return ['GET', 'SET', 'HGETALL', 'EXPIRE', 'INCR'].map((requestType) => ({
        requestType,
        endpoint: requestType,
        medianNs: medianOf(300_000),
      }));
    case 'mysql':
    case 'postgresql':
      return sqlTables.flatMap((table) => [
        {
          requestType: 'SELECT',
          endpoint: `SELECT * FROM ${table} WHERE id = ?`,
          medianNs: medianOf(900_000),
        },
        {
          requestType: 'UPDATE',
          endpoint: `UPDATE ${table} SET state = ? WHERE id = ?`,
          medianNs: medianOf(2_000_000),
        },
      ]);
    default:
      return Array.from({ length: 4 + random.below(26) }, (_, number) => ({
        requestType: number % 3 === 2 ? 'POST' : 'GET',
        endpoint: `/${nouns[service % 10]!}/v${1 + (number % 2)}/${sqlTables[number % 8]!}${number > 15 ? '/lines' : ''}/*`,
        medianNs: medianOf(6_000_000),
      }));
  }
}

function makeServices(): readonly FleetService[] {
  let pod = 0;
  return Array.from({ length: serviceCount }, (_, number) => {
    const random = new Random(number + 7);
    const isDatabase = number >= serviceCount - databaseCount;
    const protocol: Protocol = isDatabase ? databases[number % 3]! : 'http1';
    const instances = Array.from({ length: isDatabase ? 1 : 2 + Math.floor(40 / (1 + number / 8)) }, () => {
      const instance = instanceOf(number, pod, (pod * 7) % nodeCount, isDatabase);
      pod++;
      return instance;
    });
    const deeper = serviceCount - number - 1;
    const calls = isDatabase
      ? []
      : [...Array.from({ length: 5 }, () => number + 1 + random.zipf(deeper)), serviceCount - 1 - random.below(30)];
    return {
      number,
      name: isDatabase ? '' : `${nouns[number % 10]!}-${roles[Math.floor(number / 10) % 10]!}-${number}`,
      protocol,
      port: isDatabase ? databasePorts[protocol as 'redis'] : 8080,
      processName: programs[number % programs.length]!,
      instances,
      endpoints: endpointsOf(number, protocol, random),
      calls,
    };
  });
}

/** All services. A service calls only those behind it; requests from outside come to the first ten. */
export const services: readonly FleetService[] = makeServices();

const serviceOfPod = services.flatMap((service) => service.instances.map(() => service));

/** The resources that sides are tagged with. */
export function fleetResources(validFromNs: bigint): readonly Resource[] {
  const resources: Resource[] = [];
  const add = (kind: ResourceKind, id: number, name: string, labels: Record<string, string> = {}): void => {
    resources.push(aResource({ kind, id, uid: `${kind}-${id}`, name, labels, validFromNs }));
  };
  add('region', 1, 'eu-central-1');
  for (const zone of [1, 2, 3]) add('zone', zone, `eu-central-1${'abc'[zone - 1]!}`);
  add('vpc', 1, 'vpc-production');
  for (let subnet = 1; subnet <= 6; subnet++) add('subnet', subnet, `subnet-${subnet}`);
  for (const cluster of [1, 2]) add('cluster', cluster, `production-${cluster}`);
  for (let node = 0; node < nodeCount; node++) {
    add('host', hashOf(node + 1_000), `node-${node}`);
    add('instance', node + 1, `i-${node}`);
    add('node', node + 1, `node-${node}`);
  }
  for (let namespace = 1; namespace <= namespaceCount; namespace++)
    add('namespace', namespace, `team-${namespace}`, { owner: `team-${namespace}` });
  let pod = 0;
  for (const service of services) {
    const id = service.number + 1;
    if (service.name === '') add('address', id, `10.200.0.${id}`);
    else {
      add('workload', id, service.name);
      add('service', id, service.name);
    }
    for (const { side } of service.instances) {
      if (service.name !== '') {
        add('pod', pod + 1, `${service.name}-${new Random(pod).id().slice(0, 8)}`, {
          app: service.name,
          version: `1.${pod % 4}`,
          team: `team-${service.number % 40}`,
        });
        add('process', side.processResourceId, service.processName);
      }
      pod++;
    }
  }
  return resources;
}

/** Pods, databases included. */
export const podCount = serviceOfPod.length;
