import type { ComponentId, Join } from './link-store.ts';

/** A component, found by its own number and by those of all that were joined to it. */
interface Root {
  readonly id: ComponentId;
  /** Spans of the component. */
  size: number;
  /** Event time at which its oldest span came. */
  openedNs: number;
  /** Other numbers that lead here. */
  joined: ComponentId[] | undefined;
}

/** Union-find over components, union by size: a number changes its root at most logarithmically often. */
export class UnionFind {
  readonly #roots = new Map<ComponentId, Root>();
  #nextId: ComponentId = 1;

  open(nowNs: number): ComponentId {
    const id = this.#nextId++;
    this.#roots.set(id, { id, size: 1, openedNs: nowNs, joined: undefined });
    return id;
  }

  /** Puts one more span into a component. Returns its current number; undefined if the component is forgotten or full. */
  enter(id: ComponentId, maxSize: number): ComponentId | undefined {
    const root = this.#roots.get(id);
    if (root === undefined || root.size >= maxSize) return undefined;
    root.size++;
    return root.id;
  }

  isSame(left: ComponentId, right: ComponentId): boolean {
    return this.#roots.get(left) === this.#roots.get(right);
  }

  /** Event time at which the component's oldest span came; undefined when it is forgotten. */
  openedNs(id: ComponentId): number | undefined {
    return this.#roots.get(id)?.openedNs;
  }

  /** Joins the smaller of two components into the larger. Undefined if they are one already; `oversized` if too large. */
  join(left: ComponentId, right: ComponentId, maxSize: number): Join | 'oversized' | undefined {
    const a = this.#roots.get(left);
    const b = this.#roots.get(right);
    if (a === undefined || b === undefined || a === b) return undefined;
    if (a.size + b.size > maxSize) return 'oversized';
    const [into, from] = a.size < b.size || (a.size === b.size && a.id > b.id) ? [b, a] : [a, b];
    into.size += from.size;
    into.openedNs = Math.min(into.openedNs, from.openedNs);
    into.joined ??= [];
    for (const id of from.joined === undefined ? [from.id] : [from.id, ...from.joined]) {
      into.joined.push(id);
      this.#roots.set(id, into);
    }
    return { from: from.id, into: into.id };
  }

  forget(id: ComponentId): void {
    const root = this.#roots.get(id);
    if (root === undefined) return;
    this.#roots.delete(root.id);
    if (root.joined !== undefined) for (const joined of root.joined) this.#roots.delete(joined);
  }
}
