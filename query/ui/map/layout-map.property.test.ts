import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { propertyRuns } from '../../../schemas/testing/property-runs.ts';
import { layoutMap, type MapStructure } from './layout-map.ts';

const structures: fc.Arbitrary<MapStructure> = fc
  .record({
    count: fc.integer({ min: 0, max: 25 }),
    groups: fc.array(fc.constantFrom('', 'shop', '<b>', '__proto__', 'constructor'), { minLength: 1, maxLength: 25 }),
    pairs: fc.uniqueArray(fc.tuple(fc.nat(24), fc.nat(24)), { maxLength: 140, selector: String }),
  })
  .map(({ count, groups, pairs }) => ({
    nodes: Array.from({ length: count }, (_, at) => ({
      id: at === 0 ? '__proto__' : `n${at}`,
      group: groups[at % groups.length]!,
    })),
    edges: pairs
      .filter(([client, server]) => client < count && server < count)
      .map(([client, server]) => ({
        client: client === 0 ? '__proto__' : `n${client}`,
        server: server === 0 ? '__proto__' : `n${server}`,
      })),
  }));

describe('the layout of any topology, with cycles, loops and groups', () => {
  it('has a place for each node and edge, no two nodes in one place', () => {
    fc.assert(
      fc.property(structures, (structure) => {
        const layout = layoutMap(structure);
        const boxes = [...layout.nodes.values()];
        expect(boxes).toHaveLength(structure.nodes.length);
        expect(layout.edges).toHaveLength(structure.edges.length);
        const points = [
          ...boxes,
          ...layout.groups.values(),
          ...layout.edges.flatMap((edge) => [...edge.points, edge.label]),
        ];
        expect(points.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
        expect(new Set(boxes.map(({ x, y }) => `${x} ${y}`)).size).toBe(boxes.length);
      }),
      { numRuns: propertyRuns(200) },
    );
  });

  it('does not depend on the order of what is given', () => {
    fc.assert(
      fc.property(structures, (structure) => {
        const back = { nodes: structure.nodes.toReversed(), edges: structure.edges.toReversed() };
        expect(new Map([...layoutMap(back).nodes].toReversed())).toEqual(layoutMap(structure).nodes);
      }),
      { numRuns: propertyRuns(50) },
    );
  });
});
