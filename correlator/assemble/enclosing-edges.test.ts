import { describe, expect, test } from 'vitest';
import type { Span } from '../../schemas/generated/span.ts';
import { callOf, carrying, innerCall, reportedSpan, Scenario } from '../testing/scenario.ts';
import { afterRequest, side } from '../testing/span-messages.ts';

const [call, served] = callOf(1, 0, 100, carrying(0xa1));
const database = side(3, 3306);
const sql = { protocol: 'mysql', requestType: 'SELECT', server: database } as const;
const bare = (id: number, fromMs: number, toMs: number, facts: Partial<Span> = {}): Span =>
  innerCall(id, fromMs, toMs, { ...sql, causes: [afterRequest(served)], ...facts });

const entry = reportedSpan(0xb1, 0xa1, 's-app', [2, 98]);
const work = reportedSpan(0xb2, 0xb1, 'app', [10, 90]);
const statement = (id: number, parent: number, fromMs: number, toMs: number, facts: Partial<Span> = {}): Span =>
  reportedSpan(id, parent, 'c-app', [fromMs, toMs], { ...sql, requestResource: 'select a', ...facts });

function edgesOf(spans: readonly Span[], of: readonly Span[]): readonly (string | number)[][] {
  const outcomes = [spans, spans.toReversed()].map((inTurn) => {
    const scenario = new Scenario();
    for (const span of inTurn) scenario.arrive(100, span);
    scenario.drain();
    expect(scenario.traces).toHaveLength(1);
    return of.map((span) => {
      const { parentSpanId, reason } = scenario.find(span);
      return [Number.parseInt(parentSpanId, 16), reason];
    });
  });
  expect(outcomes[1]).toEqual(outcomes[0]);
  return outcomes[0]!;
}

describe('a call without an id hangs below', () => {
  test('the innermost span of its program that contains it', () => {
    const [early, inWork] = [bare(901, 4, 7), bare(902, 20, 30)];
    expect(edgesOf([call, served, entry, work, early, inWork], [early, inWork])).toEqual([
      [0xb1, 'enclosing'],
      [0xb2, 'enclosing'],
    ]);
  });

  test('the client’s span of its protocol, one call after the other', () => {
    const [begin, select] = [bare(901, 21, 23), bare(902, 24, 29)];
    const spans = [call, served, entry, work, statement(0xb3, 0xb2, 20, 30), begin, select];
    expect(edgesOf(spans, [begin, select])).toEqual([
      [0xb3, 'enclosing'],
      [0xb3, 'enclosing'],
    ]);
  });

  test('the one of several client’s spans at a time that has its statement', () => {
    const calls = ['select a', 'select b'].map((requestResource, index) =>
      bare(901 + index, 21, 29, { requestResource }),
    );
    const spans = ['select a', 'select b'].map((requestResource, index) =>
      statement(0xc1 + index, 0xb2, 20, 30, { requestResource }),
    );
    expect(edgesOf([call, served, entry, work, ...spans, ...calls], calls)).toEqual([
      [0xc1, 'enclosing'],
      [0xc2, 'enclosing'],
    ]);
  });

  test('the one that is left when others certainly made other calls at the same time', () => {
    const calls = [bare(901, 21, 39), bare(902, 26, 34)];
    const spans = [statement(0xc1, 0xb2, 20, 40), statement(0xc2, 0xb2, 25, 35)];
    expect(edgesOf([call, served, entry, work, ...spans, ...calls], calls)).toEqual([
      [0xc1, 'enclosing'],
      [0xc2, 'enclosing'],
    ]);
  });

  test('what contains all that may have made it, where these are alike or were under way beside each other', () => {
    const alike = [bare(901, 21, 29), bare(902, 21, 29)];
    const spans = [statement(0xc1, 0xb2, 20, 30), statement(0xc2, 0xb2, 20, 30)];
    expect(edgesOf([call, served, entry, work, ...spans, ...alike], alike)).toEqual([
      [0xb2, 'enclosing'],
      [0xb2, 'enclosing'],
    ]);
    const beside = reportedSpan(0xb4, 0xb1, 'app', [15, 25]);
    const inWork = bare(903, 20, 30);
    expect(edgesOf([call, served, entry, work, beside, inWork], [inWork])).toEqual([[0xb1, 'enclosing']]);
  });

  test('its request, where that has no reported spans, or a program on the way only', () => {
    const inner = bare(901, 20, 30);
    const passing = { ...inner, headerTraceId: served.headerTraceId, headerSpanId: served.headerSpanId };
    expect(edgesOf([call, served, inner], [inner])).toEqual([[3, 'last_read']]);
    expect(edgesOf([call, served, entry, passing], [passing])[0]![0]).toBe(3);
  });
});

test('a client’s span of another protocol, or to another place, is none of the call’s', () => {
  const inner = bare(901, 21, 29);
  for (const other of [
    statement(0xc1, 0xb2, 20, 30, { protocol: 'redis' }),
    statement(0xc1, 0xb2, 20, 30, { server: side(3, 3307) }),
    statement(0xc1, 0xb2, 20, 30, { server: side(4, 3306) }),
  ])
    expect(edgesOf([call, served, entry, work, other, inner], [inner])).toEqual([[0xb2, 'enclosing']]);
});

describe('where the clock of the program is off', () => {
  const shifted = (byMs: number): readonly Span[] => [
    reportedSpan(0xb1, 0xa1, 's-app', [2 + byMs, 98 + byMs]),
    reportedSpan(0xb2, 0xb1, 'app', [10 + byMs, 40 + byMs]),
    reportedSpan(0xb3, 0xb1, 'app', [60 + byMs, 90 + byMs]),
  ];

  test.each([-180_000, -50, 50, 180_000])('by %d ms, the entry shows by how much', (byMs) => {
    const inner = bare(901, 65, 85);
    expect(edgesOf([call, served, ...shifted(byMs), inner], [inner])).toEqual([[0xb3, 'enclosing']]);
  });

  test.each([-50, 50])('by %d ms and the entry does not show it, the call stays with its request', (byMs) => {
    const inner = bare(901, 65, 85);
    const short = [reportedSpan(0xb1, 0xa1, 's-app', [20 + byMs, 60 + byMs])];
    expect(edgesOf([call, served, ...short, inner], [inner])).toEqual([[3, 'last_read']]);
  });
});

test('a program’s outermost span hangs below the request for which the calls of its tree were made', () => {
  const [request, servedRequest] = callOf(1, 0, 100);
  const root = reportedSpan(0xb1, 0, 's-app', [2, 98]);
  const exit = reportedSpan(0xb2, 0xb1, 'c-app', [10, 40]);
  const named = innerCall(901, 12, 38, { ...carrying(0xb2), causes: [afterRequest(servedRequest)] });
  const unnamed = bare(902, 50, 60);
  const spans = [request, servedRequest, root, exit, named, unnamed];
  expect(edgesOf(spans, [root, exit, named, unnamed])).toEqual([
    [3, 'trace_context'],
    [0xb1, 'trace_context'],
    [0xb2, 'trace_context'],
    [0xb1, 'enclosing'],
  ]);
});

test('reported spans have the pods of the process spans that they are joined with', () => {
  const tagged = (host: number, port: number, podId: number): Span['client'] => ({
    ...side(host, port),
    podId,
    processResourceId: podId + 1,
    resolution: 3,
  });
  const [from, to] = callOf(1, 0, 100, carrying(0xa1));
  const exit = reportedSpan(0xa1, 0, 'c-app', [0, 101], { program: 100 });
  const scenario = new Scenario();
  const views = [
    { ...from, client: tagged(1, 30_001, 500) },
    { ...to, server: tagged(2, 80, 600) },
  ];
  scenario.arrive(100, exit, ...views, entry, work);
  scenario.drain();
  expect(scenario.find(exit)).toMatchObject({
    client: { podId: 500, processResourceId: 501, resolution: 3, port: 30_001 },
    server: { podId: 600, resolution: 3 | 32, port: 80 },
  });
  expect(scenario.find(entry)).toMatchObject({
    client: { podId: 500, resolution: 3 | 32 },
    server: { podId: 600, processResourceId: 601, resolution: 3 },
  });
  expect(scenario.find(work)).toMatchObject({ server: { podId: 600, processResourceId: 601, port: 0 } });
  expect(scenario.find(work).client.podId).toBe(0);
});
