/** Union-find over the names of spans and components in one batch. Names have numbers here. */
export class NodeSets {
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #above: number[] = [];

  /** The number of a name; it is a set of its own when it is new. */
  add(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.names.length;
    this.#numbers.set(name, number);
    this.names.push(name);
    this.#above.push(number);
    return number;
  }

  /** The number that all of a set have in common, until it is united with another. */
  setOf(number: number): number {
    const above = this.#above;
    let current = number;
    for (let next = above[current]!; next !== current; next = above[current]!) {
      // Path halving.
      above[current] = above[next]!;
      current = next;
    }
    return current;
  }

  /** Makes two sets one. */
  unite(left: number, right: number): void {
    this.#above[this.setOf(right)] = this.setOf(left);
  }

  /** For each set its least name, or its least preferred name if it has any. */
  leaders(preferred: ReadonlySet<number>): ReadonlyMap<number, number> {
    const leaders = new Map<number, number>();
    const names = this.names;
    const consider = (number: number): void => {
      const set = this.setOf(number);
      const leader = leaders.get(set);
      if (leader === undefined || names[number]! < names[leader]!) leaders.set(set, number);
    };
    for (const number of preferred) consider(number);
    const isLed = new Set(leaders.keys());
    for (let number = 0; number < names.length; number++) if (!isLed.has(this.setOf(number))) consider(number);
    return leaders;
  }
}
