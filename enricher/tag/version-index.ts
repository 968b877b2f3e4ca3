import type { ResourceVersion } from './resource-version.ts';
import type { TimeBounds } from './time-bounds.ts';

/** Versions by something that they have. Most keys have one, which then takes no list of its own. */
export class VersionIndex<Key> {
  readonly #versions = new Map<Key, ResourceVersion | ResourceVersion[]>();

  add(key: Key, version: ResourceVersion): void {
    const known = this.#versions.get(key);
    if (known === undefined) this.#versions.set(key, version);
    else if (Array.isArray(known)) known.push(version);
    else this.#versions.set(key, [known, version]);
  }

  remove(key: Key, version: ResourceVersion): void {
    const known = this.#versions.get(key);
    if (known === version) this.#versions.delete(key);
    if (!Array.isArray(known)) return;
    const at = known.indexOf(version);
    if (at < 0) return;
    known.splice(at, 1);
    if (known.length === 1) this.#versions.set(key, known[0]!);
  }

  /** Those that hold at a time, one of each resource. */
  at(key: Key, timeNs: bigint): readonly ResourceVersion[] {
    const known = this.#versions.get(key);
    if (known === undefined) return none;
    if (!Array.isArray(known)) return holds(known, timeNs) ? [known] : none;
    return known.filter((version) => holds(version, timeNs));
  }

  /**
   * The interval around `timeNs` in which `at` gives the same, narrowed further by the given bounds. It does not know versions
   * that a later one ends: ask that one too.
   */
  narrow(key: Key, timeNs: bigint, bounds: TimeBounds): void {
    const known = this.#versions.get(key);
    if (known === undefined) return;
    for (const version of Array.isArray(known) ? known : [known]) {
      const { fromNs, toNs } = version;
      for (const edgeNs of [fromNs, toNs, version.history.spanAt(fromNs).untilNs]) {
        if (edgeNs <= timeNs && edgeNs > bounds.fromNs) bounds.fromNs = edgeNs;
        if (edgeNs > timeNs && edgeNs < bounds.untilNs) bounds.untilNs = edgeNs;
      }
    }
  }
}

const none: readonly ResourceVersion[] = [];

function holds(version: ResourceVersion, timeNs: bigint): boolean {
  return version.fromNs <= timeNs && timeNs < version.toNs && version.history.at(timeNs) === version;
}
