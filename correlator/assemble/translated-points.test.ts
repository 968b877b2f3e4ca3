import { describe, expect, test } from 'vitest';
import type { Span } from '../../schemas/generated/span.ts';
import { callOf, Scenario } from '../testing/scenario.ts';
import { hexId, side } from '../testing/span-messages.ts';

const [call, served] = callOf(1, 0, 100, { server: side(7, 8080) });
const gateway = { networkNamespace: 6, signalSource: 'packet' } as const;
/** As the client names the server, and as the server sees the client. */
const throughService = { server: side(200, 80) };
const behindGateway = { client: side(9, 61_000) };

/** A view of the call on the network, so many microseconds behind its beginning. */
function seenAt(point: string, us: number, facts: Partial<Span> = {}): Span {
  const id = 500 + us;
  const startTimeNs = call.startTimeNs + BigInt(us) * 1_000n;
  return {
    ...call,
    ...gateway,
    spanId: hexId(id),
    observationPoint: point,
    startTimeNs,
    requestEventId: id,
    responseEventId: id + 1,
    ...facts,
  };
}

/** The views of the call in the order of the tree, by their points. */
function pointsOf(...views: readonly Span[]): readonly string[] {
  const scenario = new Scenario();
  scenario.arrive(100, ...views.toReversed(), call);
  scenario.drain();
  expect(scenario.traces).toHaveLength(1);
  const [root, ...rest] = scenario.traces[0]!.spans;
  expect(root!.observationPoint).toBe('c-p');
  // Nothing else of a span changes with its point.
  const decided = { observationPoint: '', parentSpanId: '', reason: 'root', confidence: 0, nat: [] } as const;
  const plain = (span: Span): Span => ({ ...span, ...decided, client: side(0, 0), server: side(0, 0) });
  for (const span of rest) expect(plain(span)).toEqual(plain(views.find(({ spanId }) => spanId === span.spanId)!));
  return rest.map(({ observationPoint }) => observationPoint);
}

describe('where one network namespace translates the address of', () => {
  const translated = { ...behindGateway };
  test.each<[string, string, readonly [Span, Span], readonly [string, string]]>([
    ['the client', 'a node does for its pod', [seenAt('c', 10), seenAt('c', 20, translated)], ['c', 'c-nd']],
    [
      'the client',
      'a node does behind its bridge',
      [seenAt('c-nd', 10), seenAt('c', 20, translated)],
      ['c-nd', 'c-nd'],
    ],
    ['the client', 'a gateway does', [seenAt('c-gw', 10), seenAt('c', 20, translated)], ['c-gw', 's-gw']],
    [
      'both ends',
      'a load balancer does',
      [seenAt('s', 10, throughService), seenAt('c', 20, translated)],
      ['c-gw', 's-gw'],
    ],
    ['the server', 'a node does for its pod', [seenAt('s', 10, throughService), seenAt('s', 20)], ['s-nd', 's']],
    [
      'the server',
      'a node does before its bridge',
      [seenAt('s', 10, throughService), seenAt('s-nd', 20)],
      ['s-nd', 's-nd'],
    ],
    ['the server', 'a gateway does', [seenAt('s', 10, throughService), seenAt('s-gw', 20)], ['c-gw', 's-gw']],
  ])('%s, as %s, points are those of the whole call', (_end, _as, views, points) => {
    expect(pointsOf(...views)).toEqual(points);
  });

  test('the client and the server are both on one node, points stay: neither is translated before it was seen', () => {
    expect(pointsOf(seenAt('c', 10, throughService), seenAt('s', 20, behindGateway))).toEqual(['c', 's']);
  });
});

describe('points stay as they were seen', () => {
  const elsewhere = { networkNamespace: 8 };
  test.each<[string, readonly Span[]]>([
    ['where nothing is translated', [seenAt('c', 10), seenAt('c', 20)]],
    ['where another namespace translates', [seenAt('c-gw', 10, elsewhere), seenAt('c', 20, behindGateway)]],
    ['where only the other end is translated', [seenAt('c-gw', 10, throughService), seenAt('c', 20)]],
    [
      'in a capture file, which does not tell namespaces apart',
      [seenAt('c', 10, { networkNamespace: 0 }), seenAt('c', 20, { networkNamespace: 0, ...behindGateway })],
    ],
  ])('%s', (_, views) => {
    expect(pointsOf(...views)).toEqual(views.map(({ observationPoint }) => observationPoint));
  });
});

test('hops of several agents are in order, also behind a gateway that gives the call its own address', () => {
  const at = (agentId: number, networkNamespace: number, us: number): Partial<Span> => ({
    agentId,
    networkNamespace,
    startTimeNs: call.startTimeNs + BigInt(us) * 1_000n,
  });
  const views = [
    seenAt('c', 10),
    seenAt('c-gw', 20, at(3, 6, -5_000)),
    seenAt('c', 30, { ...at(3, 6, -4_990), ...behindGateway }),
    seenAt('s-nd', 40, { ...at(2, 9, -9_000), ...behindGateway }),
    { ...served, agentId: 2, startTimeNs: call.startTimeNs - 8_000_000n, ...behindGateway },
  ];
  expect(pointsOf(...views)).toEqual(['c', 'c-gw', 's-gw', 's-nd', 's-p']);
});
