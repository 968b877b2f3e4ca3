import { describe, expect, it } from 'vitest';
import { parseWhere } from '../../where/parse-where.ts';
import { arrowPath, edgePath } from './edge-path.ts';
import { edgeRoundTrip, edgeTroubles, nodeFigures, shortened } from './figures.ts';
import { edgeCondition, nodeCondition } from './map-conditions.ts';
import { neighboursOf, shownMap } from './map-model.ts';
import { nearestNode } from './nearest-node.ts';
import { aChain, aNode, anEdge } from './testing/a-topology.ts';
import { readMapUrl } from './use-map-url.ts';

const all = { nodes: 100, edges: 100 };

describe('what is drawn of a topology', () => {
  it('is the busiest of a hundred thousand services, within bounds', () => {
    const map = shownMap(aChain(100_000), '', { nodes: 60, edges: 20 });
    expect(map).toMatchObject({ hiddenNodes: 99_940, hiddenEdges: 39 });
    expect(map.nodes).toHaveLength(60);
    expect(map.edges).toHaveLength(20);
    expect(map.nodes[0]?.id).toBe('service-99998');
  });

  it('counts calls that a node makes, too', () => {
    const nodes = [aNode('quiet', { calls: 5 }), aNode('gateway', { calls: 0 })];
    const map = shownMap({ nodes, edges: [anEdge('gateway', 'quiet', { calls: 7 })], is_truncated: false }, '', all);
    expect(map.nodes.map(({ id }) => id)).toEqual(['gateway', 'quiet']);
  });

  it('is what has a text in its name, first, and what is one call away', () => {
    const map = shownMap(aChain(1_000), 'SERVICE-500', all);
    expect(map.nodes.map(({ id }) => id)).toEqual(['service-500', 'service-501', 'service-499']);
    expect(shownMap(aChain(10), 'x', all).nodes).toEqual([]);
  });

  it('knows neighbours, also where something calls itself', () => {
    const edges = [anEdge('a', 'a'), anEdge('a', 'b'), anEdge('c', 'a'), anEdge('c', 'd')];
    expect([...neighboursOf('a', edges)]).toEqual(['a', 'b', 'c']);
  });
});

describe('conditions for the calls of a part of the map', () => {
  const hostile = aNode('x', { name: `it's "so" \\ or 1=1`, kind: 'pod' });

  it('are conditions of the API, whatever a name has in it', () => {
    const condition = nodeCondition('server', hostile, 'pod');
    expect(parseWhere(condition)).toMatchObject({
      kind: 'where',
      where: {
        expression: { field: { side: 'server', tag: 'pod' }, test: { values: [hostile.name] } },
      },
    });
  });

  it('ask for what is not known where no resource is', () => {
    const nodes = new Map([aNode('10.0.0.1', { kind: 'address' }), hostile].map((node) => [node.id, node]));
    const text = edgeCondition(anEdge('10.0.0.1', 'x'), nodes, 'service');
    expect(text).toMatch(/^client\.auto_service = '' and server\.auto_service = 'it\\'s/);
    expect(parseWhere(text).kind).toBe('where');
  });
});

describe('texts of the map', () => {
  it('say what is wrong with an edge, and nothing where nothing is', () => {
    expect(edgeTroubles(anEdge('a', 'b'))).toEqual([]);
    const bad = {
      errors: 90,
      packets: 10_000,
      retransmissions: 12,
      resets: 3,
      round_trip_count: 4,
      round_trip_mean_ns: 310_000,
    };
    expect(edgeRoundTrip(anEdge('a', 'b'))).toBe('');
    expect(edgeRoundTrip(anEdge('a', 'b', bad))).toBe('⇄ 310 µs');
    expect(edgeTroubles(anEdge('a', 'b', bad))).toEqual(['✕ 1.0 %', '↻ 0.1 %', '⊘ 3']);
  });

  it('say what a node served', () => {
    expect(nodeFigures(aNode('a', { errors: 9 }), 900)).toEqual(['10/s', '34.0 ms', '✕ 0.1 %']);
    expect(nodeFigures(aNode('a', { calls: 0 }), 900)).toEqual(['only calls others']);
  });

  it('are shortened in the middle', () => {
    expect(shortened('short', 10)).toBe('short');
    expect(shortened('a-very-long-name-of-a-pod-7f9', 15)).toBe('a-very-…pod-7f9');
  });
});

describe('lines and ways of the map', () => {
  it('begin and end where the points do', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 10, y: 5 },
      { x: 20, y: 0 },
    ];
    expect(edgePath(points)).toBe('M0 0Q10 5 20 0');
    expect(edgePath(points.slice(0, 2))).toBe('M0 0L10 5');
    expect(edgePath([])).toBe('');
    expect(
      arrowPath(
        [
          { x: 0, y: 0 },
          { x: 10, y: 0 },
        ],
        4,
      ),
    ).toBe('M10 0L6 2L6 -2Z');
    expect(
      arrowPath(
        [
          { x: 1, y: 1 },
          { x: 1, y: 1 },
        ],
        4,
      ),
    ).toBe('');
  });

  it('lead by arrow keys to what lies ahead', () => {
    const box = (x: number, y: number) => ({ x, y, width: 1, height: 1 });
    const boxes = new Map([
      ['a', box(0, 0)],
      ['ahead', box(100, 10)],
      ['aside', box(90, 90)],
    ]);
    expect(nearestNode(boxes, 'a', 'right')).toBe('ahead');
    expect(nearestNode(boxes, 'ahead', 'down')).toBe('aside');
    expect(nearestNode(boxes, 'a', 'left')).toBeUndefined();
    expect(nearestNode(boxes, 'x', 'left')).toBeUndefined();
  });
});

it('the address of the map says what is shown; what is wrong in it is the default', () => {
  const read = (text: string) => readMapUrl(new URLSearchParams(text));
  expect(read('level=pod&group=zone&q=cart&view=table&limit=120&last=1h')).toMatchObject({
    level: 'pod',
    group: 'zone',
    text: 'cart',
    view: 'table',
    limit: 120,
    range: { kind: 'last', ms: 3_600_000 },
  });
  expect(read('level=x&group=y&view=z&limit=1e9')).toMatchObject({
    level: 'service',
    group: 'none',
    view: 'picture',
    limit: 1,
  });
  expect(read('limit=99999').limit).toBe(240);
});
