/**
 * The tags of a side of a span: which of its ids is of which kind of resource. The one table of them: tagging, names, conditions,
 * attributes of OpenTelemetry and, by `npm run generate`, the view `spans_named` follow from it.
 */
import type { ResourceKind } from './generated/resource.ts';
import type { SideId } from './generated/side-ids.ts';

/** One tag. */
export interface Tag {
  readonly kind: ResourceKind;
  /** The field of a side that has the id. */
  readonly id: SideId;
  /** How OpenTelemetry names the attribute of a resource that has its name; undefined where it is no attribute. */
  readonly attribute?: string;
}

/** All of them, in the order of the fields of a side. */
export const tags = [
  { kind: 'region', id: 'regionId', attribute: 'cloud.region' },
  { kind: 'zone', id: 'zoneId', attribute: 'cloud.availability_zone' },
  { kind: 'vpc', id: 'vpcId' },
  { kind: 'subnet', id: 'subnetId' },
  { kind: 'host', id: 'hostId', attribute: 'host.name' },
  { kind: 'instance', id: 'instanceId' },
  { kind: 'cluster', id: 'clusterId', attribute: 'k8s.cluster.name' },
  { kind: 'node', id: 'nodeId', attribute: 'k8s.node.name' },
  { kind: 'namespace', id: 'namespaceId', attribute: 'k8s.namespace.name' },
  // Its attribute is called after its type where OpenTelemetry has a name for that.
  { kind: 'workload', id: 'workloadId', attribute: 'spanloom.workload.name' },
  { kind: 'pod', id: 'podId', attribute: 'k8s.pod.name' },
  { kind: 'service', id: 'serviceId', attribute: 'k8s.service.name' },
  { kind: 'process', id: 'processResourceId' },
] as const satisfies readonly Tag[];

/** A kind of resource that sides are tagged with. */
export type TagKind = (typeof tags)[number]['kind'];

/** Tags of which the kind differs from span to span: `<name>_type` beside `<name>_id`. */
export const autoTags = ['auto_instance', 'auto_service'] as const;

/** Kinds whose labels, annotations and environment count as those of a side, nearest first. */
export const labelledKinds = [
  'pod',
  'workload',
  'service',
  'namespace',
  'process',
  'node',
  'instance',
  'host',
  'cluster',
] as const satisfies readonly TagKind[];

const columns = Object.fromEntries(
  tags.map(({ kind, id }) => [kind, id.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]),
) as Readonly<Record<TagKind, string>>;

/** The column with the ids of a tag in the table `spans`, without the side before it. */
export const tagColumn = (kind: TagKind): string => columns[kind];
