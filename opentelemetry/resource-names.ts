import type { ResourceKind } from '../schemas/generated/resource.ts';

/** Names of the resources that spans are tagged with. A text is empty where nothing is known. */
export interface ResourceNames {
  /** Changes when a name does. */
  readonly version: number;
  /** @param type position in ResourceKind */
  nameOf(type: number, id: number): string;
  nameOfKind(kind: ResourceKind, id: number): string;
  /** What the source calls this kind of workload, in lower case: deployment, statefulset. */
  workloadType(id: number): string;
  podUid(id: number): string;
}
