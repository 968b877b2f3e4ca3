import type { ComponentId, Join } from './link-store.ts';

interface Node {
  id: ComponentId;
  parent: Node | undefined;
  /** Spans of the component; of roots only. */
  size: number;
  /** Event time at which its oldest span came; of roots only. */
  openedNs: number;
  /** Numbers that lead here, to be forgotten with it; of roots only. */
  joined: ComponentId[] | undefined;
}

/** Components as disjoint sets, joined by size, with path halving. */
export class UnionFind {
  readonly #nodes = new Map<ComponentId, Node>();
  #nextId: ComponentId = 1;

  open(nowNs: number): ComponentId {
    const id = this.#nextId++;
    this.#nodes.set(id, { id, parent: undefined, size: 1, openedNs: nowNs, joined: undefined });
    return id;
  }

  #root(id: ComponentId): Node | undefined {
    let node = this.#nodes.get(id);
    if (node === undefined) return undefined;
    while (node.parent !== undefined) {
      if (node.parent.parent !== undefined) node.parent = node.parent.parent;
      node = node.parent;
    }
    return node;
  }

  /** Puts one more span into a component. Returns its present number; undefined when it is forgotten or full. */
  enter(id: ComponentId, maxSize: number): ComponentId | undefined {
    const root = this.#root(id);
    if (root === undefined || root.size >= maxSize) return undefined;
    root.size++;
    return root.id;
  }

  isSame(left: ComponentId, right: ComponentId): boolean {
    return this.#root(left) === this.#root(right);
  }

  /** Event time at which the component's oldest span came; undefined when it is forgotten. */
  openedNs(id: ComponentId): number | undefined {
    return this.#root(id)?.openedNs;
  }

  /** Joins two components: the smaller into the larger. Undefined when they are one; `oversized` when it is too much. */
  join(left: ComponentId, right: ComponentId, maxSize: number): Join | 'oversized' | undefined {
    const a = this.#root(left);
    const b = this.#root(right);
    if (a === undefined || b === undefined || a === b) return undefined;
    if (a.size + b.size > maxSize) return 'oversized';
    const [into, from] = a.size < b.size || (a.size === b.size && a.id > b.id) ? [b, a] : [a, b];
    from.parent = into;
    into.size += from.size;
    into.openedNs = Math.min(into.openedNs, from.openedNs);
    into.joined ??= [];
    into.joined.push(from.id);
    if (from.joined !== undefined) for (const id of from.joined) into.joined.push(id);
    from.joined = undefined;
    return { from: from.id, into: into.id };
  }

  forget(id: ComponentId): void {
    const root = this.#root(id);
    if (root === undefined) return;
    this.#nodes.delete(root.id);
    if (root.joined !== undefined) for (const joined of root.joined) this.#nodes.delete(joined);
  }
}
