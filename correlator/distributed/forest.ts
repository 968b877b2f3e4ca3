import type { NodeEntry } from './link-bytes.ts';

/** What is known of the store's nodes while a batch is linked. */
export class Forest {
  readonly #above = new Map<string, string>();
  /** Nodes under which spans had been sent before they got a parent. */
  readonly moved = new Set<string>();

  /** Notes what the store has of a node. */
  note(node: string, entry: NodeEntry): void {
    if (entry.kind === 'moved') this.moved.add(node);
    this.#above.set(node, entry.kind === 'parent' || entry.kind === 'moved' ? entry.parent : node);
  }

  /** The root as far as known; `isKnown` is false if its parent has not been read yet. */
  root(node: string): { readonly id: string; readonly isKnown: boolean } {
    let id = node;
    for (;;) {
      const above = this.#above.get(id);
      if (above === undefined) return { id, isKnown: false };
      if (above === id) return { id, isKnown: true };
      id = above;
    }
  }
}
