/**
 * Clocks of hosts differ. Two observations of one call say by how much at most: what is seen further inside lies within what is
 * seen further outside. For each pair of clocks the bounds of all calls between them are intersected, and the shift nearest to
 * none is taken. Clocks are then joined breadth first, from the one of the first root.
 */

interface Edge {
  readonly from: number;
  readonly to: number;
  low: number;
  high: number;
}

/** One call edge: the outer observation by one clock, the inner by another. */
export interface ClockEdge {
  readonly outer: { readonly clock: number; readonly startNs: number; readonly durationNs: number };
  readonly inner: { readonly clock: number; readonly startNs: number; readonly durationNs: number };
}

/** Nanoseconds to add to times of each clock; those that need none are left out. */
export function clockShifts(edges: Iterable<ClockEdge>, first: number): ReadonlyMap<number, number> {
  const pairs = new Map<string, Edge>();
  for (const { outer, inner } of edges) {
    const low = outer.startNs - inner.startNs;
    const high = low + outer.durationNs - inner.durationNs;
    // What is inside took longer than what is around it: that says nothing about clocks.
    if (outer.clock === inner.clock || high < low) continue;
    const key = `${outer.clock} ${inner.clock}`;
    const known = pairs.get(key) ?? { from: outer.clock, to: inner.clock, low: -Infinity, high: Infinity };
    known.low = Math.max(known.low, low);
    known.high = Math.min(known.high, high);
    pairs.set(key, known);
  }
  return joined([...pairs.values()], first);
}

function joined(edges: readonly Edge[], first: number): ReadonlyMap<number, number> {
  const neighbors = new Map<number, { readonly to: number; readonly shift: number }[]>();
  const add = (from: number, to: number, shift: number): void => {
    neighbors.set(from, [...(neighbors.get(from) ?? []), { to, shift }]);
  };
  for (const edge of edges) {
    const shift = nearestToNone(edge);
    add(edge.from, edge.to, shift);
    add(edge.to, edge.from, -shift);
  }
  const shifts = new Map([[first, 0]]);
  const waiting = [first];
  for (let clock = waiting.shift(); clock !== undefined; clock = waiting.shift())
    for (const { to, shift } of neighbors.get(clock) ?? [])
      if (!shifts.has(to)) {
        shifts.set(to, shifts.get(clock)! + shift);
        waiting.push(to);
      }
  return new Map([...shifts].filter(([, shift]) => shift !== 0));
}

/** Where the bounds of several calls contradict each other, the clocks drifted: the middle. */
function nearestToNone({ low, high }: Edge): number {
  if (low > high) return (low + high) / 2;
  return low > 0 ? low : Math.min(high, 0);
}
