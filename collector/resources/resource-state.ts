import type { Network, Resource, ResourceKind, ServicePort } from '../../schemas/generated/resource.ts';

/** Another resource as a source knows it: by its identity at its source, never by an integer. */
export interface ResourceUid {
  readonly kind: ResourceKind;
  readonly uid: string;
}

/** What a source knows of one thing as it is now. The publisher makes versions of it, with integer ids and validity. */
export interface ResourceState extends ResourceUid {
  readonly name: string;
  readonly type: string;
  /** What it belongs to, nearest first; also what other sources publish. */
  readonly parents: readonly ResourceUid[];
  /** 4 or 16 bytes each. */
  readonly addresses: readonly Uint8Array[];
  readonly networks: readonly Network[];
  readonly ports: readonly ServicePort[];
  /** 6 bytes each. */
  readonly macAddresses: readonly Uint8Array[];
  readonly labels: Resource['labels'];
  readonly annotations: Resource['annotations'];
  readonly environment: Resource['environment'];
  /** Unix time in nanoseconds from which its source says that it is so; undefined where it does not say. */
  readonly sinceNs: bigint | undefined;
}

/**
 * Receives the resources of a source, by uid. A resource that is reported again unchanged makes no new version.
 *
 * A source that knows only all at once (a file, a cloud's lists) calls `replaceAll`; one that hears of changes calls
 * `replaceAll` with its list and then `put` and `end`.
 */
export interface ResourceRegister {
  /** All resources of this source as of now: earlier ones that are not among them have ended. */
  replaceAll(states: readonly ResourceState[], observedNs: bigint): void;
  /** New or changed resources. */
  put(states: readonly ResourceState[], observedNs: bigint): void;
  /** A resource ended at `endedNs`. */
  end(resource: ResourceUid, endedNs: bigint): void;
}
