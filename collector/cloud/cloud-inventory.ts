/**
 * The resources of a cloud, also after some of its listings failed. A failed listing never deletes resources: those of its part
 * stay. If this process has never listed the part, no resource of it ends, since another process may have published it.
 */
import type { ResourceState } from '../resources/resource-state.ts';
import type { ListedPart } from './cloud-provider.ts';

/** Result of listing one region of an account. */
export interface RegionRound {
  /** Name of its register: `aws:123456789012:us-east-1`. */
  readonly register: string;
  /** All that is known. */
  readonly states: readonly ResourceState[];
  /** Resources of the previous round that no longer exist. */
  readonly gone: readonly ResourceState[];
  /** False where there may be more than what is known. */
  readonly isComplete: boolean;
}

type States = ReadonlyMap<string, ResourceState>;

/** The parts of one cloud. */
export class CloudInventory {
  #parts = new Map<string, readonly ResourceState[]>();
  #regions = new Map<string, States>();
  /** Parts that have failed whenever they were listed. */
  #unknown = new Set<string>();

  /** Adds all parts of one round. */
  take(round: readonly ListedPart[]): readonly RegionRound[] {
    const parts = new Map<string, readonly ResourceState[]>();
    const unknown = new Set<string>();
    for (const listed of round) if (listed.kind === 'listed') parts.set(listed.part, listed.states);
    for (const listed of round) {
      if (listed.kind === 'listed') continue;
      const kept = [...this.#parts].filter(([part]) => isWithin(part, listed.part));
      for (const [part, states] of kept) if (!parts.has(part)) parts.set(part, states);
      if (kept.length === 0) unknown.add(listed.part);
      for (const part of this.#unknown) if (isWithin(part, listed.part)) unknown.add(part);
    }
    const regions = merge(parts);
    const paths = new Set([...this.#regions.keys(), ...regions.keys()]);
    const rounds = [...paths].map((path): RegionRound => {
      const states: States = regions.get(path) ?? new Map();
      const gone = [...(this.#regions.get(path) ?? [])].filter(([key]) => !states.has(key)).map(([, state]) => state);
      const isComplete = ![...unknown].some((part) => isWithin(part, path) || isWithin(path, part));
      return { register: path.replaceAll('/', ':'), states: [...states.values()], gone, isComplete };
    });
    this.#parts = parts;
    this.#regions = regions;
    this.#unknown = unknown;
    return rounds;
  }
}

function isWithin(part: string, whole: string): boolean {
  return part === whole || part.startsWith(`${whole}/`);
}

/** Cloud, account and region. */
function regionOf(part: string): string {
  return part.split('/').slice(0, 3).join('/');
}

/** The states of each region, each resource once: of a network that accounts share, the one that sees its labels is the owner. */
function merge(parts: ReadonlyMap<string, readonly ResourceState[]>): Map<string, States> {
  const best = new Map<string, { readonly state: ResourceState; readonly region: string }>();
  for (const part of [...parts.keys()].toSorted())
    for (const state of parts.get(part)!) {
      const key = `${state.kind}:${state.uid}`;
      const other = best.get(key)?.state;
      if (other === undefined || Object.keys(state.labels).length > Object.keys(other.labels).length)
        best.set(key, { state, region: regionOf(part) });
    }
  const regions = new Map<string, Map<string, ResourceState>>();
  for (const part of parts.keys()) regions.set(regionOf(part), new Map());
  for (const [key, { state, region }] of best) regions.get(region)!.set(key, state);
  return regions;
}
