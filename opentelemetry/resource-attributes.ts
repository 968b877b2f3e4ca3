/** Attributes of a resource: the process, container or machine on whose side a span was seen. */
import type { ResourceKind } from '../schemas/generated/resource.ts';
import type { SideId } from '../schemas/generated/side-ids.ts';
import type { Side, Span } from '../schemas/generated/span.ts';
import { ownSide } from '../schemas/observation-points.ts';
import { tags } from '../schemas/tags.ts';
import { attributeKey, type AttributeKey, type Attributes } from './attributes.ts';
import type { ResourceNames } from './resource-names.ts';

const keys = {
  agentId: attributeKey('spanloom.agent.id'),
  executable: attributeKey('process.executable.name'),
  podUid: attributeKey('k8s.pod.uid'),
  processId: attributeKey('process.pid'),
  serviceName: attributeKey('service.name'),
} as const;

/** What the semantic conventions say of a service without a name. */
const unknownService = 'unknown_service';

/** A tag of a side, under its name where that is known, else as the number it is. */
interface TagAttributes {
  readonly kind: ResourceKind;
  readonly id: SideId;
  readonly name: AttributeKey;
  readonly number: AttributeKey;
}

const tagAttributes: readonly TagAttributes[] = tags.flatMap((tag) =>
  'attribute' in tag
    ? [
        {
          kind: tag.kind,
          id: tag.id,
          name: attributeKey(tag.attribute),
          number: attributeKey(`spanloom.${tag.kind}.id`),
        },
      ]
    : [],
);

/** Workloads that the conventions have a name for. */
const workloadKeys: ReadonlyMap<string, AttributeKey> = new Map(
  ['deployment', 'statefulset', 'daemonset', 'replicaset', 'job', 'cronjob'].map((type) => [
    type,
    attributeKey(`k8s.${type}.name`),
  ]),
);

/** Two spans with equal keys have the same resource. */
export function resourceKey(span: Span): string {
  const side = ownSide(span);
  let key = `${span.agentId} ${span.processId} ${span.processName} ${side.processResourceId}`;
  key += ` ${side.autoServiceType} ${side.autoServiceId}`;
  for (const { id } of tagAttributes) key += ` ${side[id]}`;
  return key;
}

/** The most specific service known, the process, which is a service of its own, or what the kernel calls it. */
function serviceName(span: Span, side: Side, names: ResourceNames): string {
  return (
    names.nameOf(side.autoServiceType, side.autoServiceId) ||
    names.nameOfKind('process', side.processResourceId) ||
    span.processName ||
    unknownService
  );
}

/** Writes the attributes of the resource of a span. */
export function writeResourceAttributes(attributes: Attributes, span: Span, names: ResourceNames): void {
  const side = ownSide(span);
  attributes.text(keys.serviceName, serviceName(span, side, names));
  attributes.integerUnlessZero(keys.processId, span.processId);
  attributes.text(keys.executable, span.processName);
  attributes.integer(keys.agentId, span.agentId);
  for (const { kind, id, name, number } of tagAttributes) {
    const known = names.nameOfKind(kind, side[id]);
    if (known === '') attributes.integerUnlessZero(number, side[id]);
    else attributes.text((kind === 'workload' && workloadKeys.get(names.workloadType(side[id]))) || name, known);
  }
  attributes.text(keys.podUid, names.podUid(side.podId));
}
