/** Names that belong together, as union-find: what one batch says of spans and components. */
export class DisjointSets {
  readonly #above = new Map<string, string>();

  /** The name that stands for the set of this one; a set of its own when it is new. */
  leader(name: string): string {
    let current = name;
    let above = this.#above.get(current);
    if (above === undefined) {
      this.#above.set(name, name);
      return name;
    }
    while (above !== current) {
      current = above;
      above = this.#above.get(current)!;
    }
    if (current !== name) this.#above.set(name, current);
    return current;
  }

  /** Makes two sets one, which the lesser leader stands for. */
  unite(left: string, right: string): void {
    const a = this.leader(left);
    const b = this.leader(right);
    if (a < b) this.#above.set(b, a);
    else if (b < a) this.#above.set(a, b);
  }

  /** The sets, by their leaders. */
  all(): ReadonlyMap<string, readonly string[]> {
    const sets = new Map<string, string[]>();
    for (const name of this.#above.keys()) {
      const leader = this.leader(name);
      const set = sets.get(leader);
      if (set === undefined) sets.set(leader, [name]);
      else set.push(name);
    }
    return sets;
  }
}
