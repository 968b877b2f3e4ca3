/** What a file of resources may state: which kinds stand where, and which fields they have. */
import type { ResourceKind } from '../../../schemas/generated/resource.ts';

/** Fields of a kind besides those that all have. */
export type FactField = 'addresses' | 'networks' | 'mac_addresses' | 'ports';

/** A kind of entry. */
export interface FileKind {
  readonly kind: ResourceKind;
  readonly facts: readonly FactField[];
  /** Fields that name what it belongs to, nearest first. */
  readonly references: Readonly<Record<string, ResourceKind>>;
  /** Fields that list what it belongs to. */
  readonly manyReferences?: Readonly<Record<string, ResourceKind>>;
  /** Fields that list what belongs to it. */
  readonly members?: Readonly<Record<string, ResourceKind>>;
  /** Sections of entries that belong to it. */
  readonly sections?: FileSections;
}

/** Sections by their names in the file. */
export type FileSections = Readonly<Record<string, FileKind>>;

const place = { subnet: 'subnet', vpc: 'vpc', zone: 'zone', region: 'region' } as const;
const interfaces = ['addresses', 'mac_addresses'] as const;

const pod: FileKind = {
  kind: 'pod',
  facts: interfaces,
  references: { node: 'node', workload: 'workload' },
  manyReferences: { services: 'service' },
};

const namespace: FileKind = {
  kind: 'namespace',
  facts: [],
  references: {},
  sections: {
    workloads: { kind: 'workload', facts: [], references: {}, sections: { pods: pod } },
    pods: pod,
    services: {
      kind: 'service',
      facts: ['addresses', 'ports'],
      references: {},
      members: { workloads: 'workload', pods: 'pod' },
    },
    ingresses: {
      kind: 'ingress',
      facts: ['addresses', 'ports'],
      references: { load_balancer: 'load_balancer' },
      manyReferences: { services: 'service' },
    },
  },
};

/** Sections at the top of a file. */
export const fileSections: FileSections = {
  regions: {
    kind: 'region',
    facts: [],
    references: {},
    sections: { zones: { kind: 'zone', facts: [], references: {} } },
  },
  vpcs: {
    kind: 'vpc',
    facts: ['networks'],
    references: { region: 'region' },
    sections: { subnets: { kind: 'subnet', facts: ['networks'], references: { zone: 'zone', region: 'region' } } },
  },
  hosts: { kind: 'host', facts: [...interfaces, 'networks'], references: { instance: 'instance', ...place } },
  instances: { kind: 'instance', facts: [...interfaces, 'networks'], references: place },
  network_interfaces: {
    kind: 'network_interface',
    facts: [...interfaces, 'networks'],
    references: {
      instance: 'instance',
      host: 'host',
      nat_gateway: 'nat_gateway',
      load_balancer: 'load_balancer',
      database: 'database',
      ...place,
    },
  },
  nat_gateways: { kind: 'nat_gateway', facts: interfaces, references: place },
  load_balancers: { kind: 'load_balancer', facts: [...interfaces, 'ports'], references: place },
  databases: { kind: 'database', facts: [...interfaces, 'ports'], references: place },
  clusters: {
    kind: 'cluster',
    facts: ['networks'],
    references: place,
    sections: {
      nodes: {
        kind: 'node',
        facts: [...interfaces, 'networks'],
        references: { instance: 'instance', host: 'host', ...place },
      },
      namespaces: namespace,
    },
  },
};
