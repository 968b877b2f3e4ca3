import { describe, expect, test } from 'vitest';
import type { CallEnds, Side, Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { callOf, Scenario } from '../testing/scenario.ts';
import { hexId, side } from '../testing/span-messages.ts';

describe('the two ends of a call', () => {
  test('meet over clocks that are five seconds apart', () => {
    const scenario = new Scenario();
    for (let index = 0; index < 50; index++) {
      const [call, served] = callOf(index, index * 10, index * 10 + 8);
      scenario.arrive(index * 10, call, { ...served, agentId: 2, startTimeNs: served.startTimeNs + 5_000_000_000n });
    }
    scenario.drain();
    expect(scenario.traces).toHaveLength(50);
    expect(scenario.traces.every(({ rootCount }) => rootCount === 1)).toBe(true);
  });

  test('meet when one gave up before the response', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 5_000);
    const gaveUp: Span = { ...call, durationNs: 1e9, status: 'timeout', responseEventId: 0, responseTcpSequence: 0 };
    scenario.arrive(1_000, gaveUp);
    scenario.arrive(5_000, served);
    scenario.drain();
    expect(scenario.find(served)).toMatchObject({
      parentSpanId: call.spanId,
      reason: 'tcp_sequence',
      confidence: 0.999,
    });
    expect(scenario.traces).toMatchObject([{ errorCount: 1 }]);
  });

  test('half a call only meets the end with the same addresses', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    scenario.arrive(100, { ...call, responseTcpSequence: 0, responseEventId: 0 }, { ...served, client: side(9, 9) });
    scenario.drain();
    expect(scenario.traces).toHaveLength(2);
  });

  test('meet over a Unix socket by the bytes that were counted, on one host only', () => {
    const scenario = new Scenario();
    const path = Buffer.from('/run/app.sock\0');
    const overUnix = ([call, served]: ReturnType<typeof callOf>): readonly [Span, Span] => {
      const ends = { transport: 'unix' as const, client: side(0, 0), server: { ...side(0, 0), address: path } };
      return [
        { ...call, ...ends },
        { ...served, ...ends },
      ];
    };
    const [call, served] = overUnix(callOf(1, 0, 100));
    const [elsewhere, servedElsewhere] = overUnix(callOf(2, 0, 100, { requestTcpSequence: 7, responseTcpSequence: 8 }));
    // A connection whose bytes were not counted.
    const [uncounted, servedUncounted] = overUnix(callOf(3, 0, 100, { requestTcpSequence: 0, responseTcpSequence: 0 }));
    scenario.arrive(100, call, served, elsewhere, { ...servedElsewhere, agentId: 2 }, uncounted, servedUncounted);
    scenario.drain();
    expect(scenario.find(served)).toMatchObject({ parentSpanId: call.spanId, reason: 'tcp_sequence', confidence: 1 });
    expect(scenario.traces).toHaveLength(5);
  });

  test('meet under IPv4 addresses written as IPv6', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100, { responseTcpSequence: 0 });
    const mapped = (address: Uint8Array): Uint8Array =>
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...address);
    const client = { ...served.client, address: mapped(served.client.address) };
    scenario.arrive(100, call, {
      ...served,
      client,
      server: { ...served.server, address: mapped(served.server.address) },
    });
    scenario.drain();
    expect(scenario.parentOf(served)).toBe(call.spanId);
  });

  test('calls with the same sequences at other times are other calls', () => {
    const scenario = new Scenario();
    const same = { requestTcpSequence: 7, responseTcpSequence: 8 };
    const early = callOf(1, 0, 100, same);
    const later = callOf(2, 20_000, 20_100, same);
    scenario.arrive(100, ...early);
    scenario.arrive(20_100, ...later);
    scenario.drain();
    expect(scenario.traces).toHaveLength(2);
    for (const [call, served] of [early, later]) expect(scenario.parentOf(served)).toBe(call.spanId);
  });

  test('calls one after the other on one connection stay apart', () => {
    const scenario = new Scenario();
    const client = side(1, 40_000);
    const calls = [0, 1, 2].map((index) => callOf(index, index * 10, index * 10 + 9, { client }));
    scenario.arrive(30, ...calls.flat());
    scenario.drain();
    expect(scenario.traces).toHaveLength(3);
    for (const [call, served] of calls) expect(scenario.parentOf(served)).toBe(call.spanId);
  });

  test('datagrams meet by addresses and request id', () => {
    const scenario = new Scenario();
    const dns = { transport: 'udp', protocol: 'dns', requestTcpSequence: 0, responseTcpSequence: 0 } as const;
    const first = callOf(1, 0, 10, { ...dns, requestId: 77 });
    const second = callOf(2, 0, 10, { ...dns, requestId: 78, client: first[0].client });
    scenario.arrive(10, ...first, ...second);
    scenario.drain();
    for (const [call, served] of [first, second])
      expect(scenario.find(served)).toMatchObject({ parentSpanId: call.spanId, reason: 'datagram' });
  });

  test('views of the network lie between them in the order of the way', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    const packet = (id: number, observationPoint: string): Span => ({
      ...call,
      spanId: hexId(id),
      observationPoint,
      signalSource: 'packet',
      processId: 0,
    });
    const order = ['s', 'c-nd', 's-nd', 'c'].map((point, index) => packet(500 + index, point));
    scenario.arrive(100, ...order, served, call);
    scenario.drain();
    expect(scenario.traces[0]!.spans.map((span) => span.observationPoint)).toEqual([
      'c-p',
      'c',
      'c-nd',
      's-nd',
      's',
      's-p',
    ]);
    expect(scenario.traces[0]!.rootCount).toBe(1);
  });

  const seenAt = (observationPoint: string, call: Span, id: number, facts: Partial<Span> = {}): Span => ({
    ...call,
    spanId: hexId(id),
    observationPoint,
    signalSource: 'packet',
    processId: 0,
    ...facts,
  });
  const laterBy = (us: number, { startTimeNs }: Span): { readonly startTimeNs: bigint } => ({
    startTimeNs: startTimeNs + BigInt(us) * 1000n,
  });

  test('views of one agent are in the order of its clock, also where a gateway sees a call twice', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    const views = ['c', 'rest', 'c', 'c-gw', 'rest', 's-p'].map((point, index) =>
      point === 's-p' ? served : seenAt(point, call, 500 + index, laterBy(10 * (index + 1), call)),
    );
    scenario.arrive(100, ...views.toReversed(), call);
    scenario.drain();
    const [{ spans }] = scenario.traces as [Trace];
    expect(spans.map(({ spanId }) => spanId)).toEqual([call, ...views].map(({ spanId }) => spanId));
  });

  test('lists of several agents are merged by observation point, whatever their clocks say', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    const shift = (agentId: number, us: number): Partial<Span> => ({ agentId, ...laterBy(us, call) });
    const views = [
      seenAt('c', call, 500, laterBy(10, call)),
      seenAt('c-nd', call, 501, laterBy(20, call)),
      seenAt('c-gw', call, 502, shift(3, -5_000)),
      seenAt('s-gw', call, 503, shift(3, -4_990)),
      seenAt('s-nd', call, 504, shift(2, -9_000)),
      seenAt('s', call, 505, shift(2, -8_990)),
      { ...served, ...shift(2, -8_980) },
    ];
    scenario.arrive(100, ...views.toReversed(), call);
    scenario.drain();
    const [{ spans }] = scenario.traces as [Trace];
    expect(spans.map(({ spanId }) => spanId)).toEqual([call, ...views].map(({ spanId }) => spanId));
  });

  test('through translated addresses a call stays one, and says what they were before', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100, { server: side(200, 80) });
    const behindService = { server: side(7, 8080) };
    const behindGateway = { ...behindService, client: side(9, 61_000) };
    const views = [
      seenAt('c', call, 500, laterBy(10, call)),
      seenAt('c-nd', call, 501, { ...laterBy(20, call), ...behindService }),
      seenAt('s', call, 502, { ...laterBy(30, call), ...behindGateway }),
      { ...served, ...behindGateway },
    ];
    scenario.arrive(100, ...views, call);
    scenario.drain();
    const [{ spans }] = scenario.traces as [Trace];
    const ends = (client: Side, server: Side): readonly CallEnds[] => [
      {
        clientAddress: Buffer.from(client.address),
        clientPort: client.port,
        serverAddress: Buffer.from(server.address),
        serverPort: server.port,
      },
    ];
    expect(spans.map(({ spanId }) => spanId)).toEqual([call, ...views].map(({ spanId }) => spanId));
    expect(spans.map(({ nat }) => nat)).toEqual([
      [],
      [],
      ends(call.client, side(200, 80)),
      ends(call.client, side(7, 8080)),
      [],
    ]);
  });

  describe('datagrams through a service address', () => {
    const dns = {
      transport: 'udp',
      protocol: 'dns',
      requestTcpSequence: 0,
      responseTcpSequence: 0,
      requestId: 77,
    } as const;
    const [asked, answered] = callOf(1, 0, 10, { ...dns, server: side(200, 53) });

    test('meet by the client and the request id; a server that is bound to all addresses has none', () => {
      const scenario = new Scenario();
      const behind = seenAt('s', asked, 500, { ...laterBy(10, asked), server: side(7, 5353) });
      const bound = { ...answered, server: { ...side(0, 5353), address: new Uint8Array(4) } };
      scenario.arrive(10, asked, behind, bound);
      scenario.drain();
      expect(scenario.find(behind)).toMatchObject({
        parentSpanId: asked.spanId,
        reason: 'datagram',
        nat: [{ serverPort: 53 }],
      });
      expect(scenario.find(bound)).toMatchObject({ parentSpanId: behind.spanId, reason: 'datagram', nat: [] });
    });

    test('stay apart where one client asks two questions under one id, as multicast DNS does', () => {
      const scenario = new Scenario();
      const question = (id: number, requestType: string, requestResource: string): readonly [Span, Span] =>
        callOf(id, id, 10 + id, { ...dns, requestId: 0, client: asked.client, requestType, requestResource });
      const printers = question(1, 'PTR', '_ipp._tcp.local');
      const shares = question(2, 'PTR', '_smb._tcp.local');
      const address = question(3, 'A', '_smb._tcp.local');
      scenario.arrive(20, ...printers, ...shares, ...address);
      scenario.drain();
      expect(scenario.traces).toHaveLength(3);
      for (const [call, served] of [printers, shares, address]) expect(scenario.parentOf(served)).toBe(call.spanId);
    });

    test('stay apart where a resolver asks two servers at once: which of them is behind is not known', () => {
      const scenario = new Scenario();
      const [other] = callOf(2, 1, 11, { ...dns, server: side(201, 53), client: asked.client });
      const behind = seenAt('s', asked, 500, { ...laterBy(10, asked), server: side(7, 5353) });
      const untranslated = seenAt('c', other, 501, laterBy(5, other));
      scenario.arrive(10, asked, other, behind, untranslated);
      scenario.drain();
      expect(scenario.parentOf(untranslated)).toBe(other.spanId);
      expect(scenario.parentOf(behind)).toBeUndefined();
    });
  });

  test('clocks of agents that only see packets are compared, too', () => {
    const scenario = new Scenario({ maxClockSkewMs: 10_000 });
    for (let index = 0; index < 20; index++) {
      const [call] = callOf(index, index * 10, index * 10 + 8);
      const far = { ...call, spanId: hexId(900 + index), observationPoint: 's', agentId: 2 };
      scenario.arrive(index * 10, { ...call, observationPoint: 'c' }, { ...far, ...laterBy(5_000_000, call) });
    }
    // Nine seconds apart: not too far for clocks that are unknown, but these are known to be five apart.
    const [late] = callOf(50, 1_000, 1_008);
    const lateFar = { ...late, spanId: hexId(990), observationPoint: 's', agentId: 2, ...laterBy(9_000_000, late) };
    scenario.arrive(1_000, { ...late, observationPoint: 'c' }, lateFar);
    scenario.drain();
    expect(scenario.traces.filter(({ rootCount, spans }) => rootCount === 1 && spans.length === 2)).toHaveLength(20);
    expect(scenario.parentOf(lateFar)).toBeUndefined();
  });

  test('a call through a proxy that nobody saw is bridged by its X-Request-ID', () => {
    const scenario = new Scenario();
    const [call] = callOf(1, 0, 100, { xRequestIdRequest: 'r1' });
    const [, served] = callOf(2, 10, 90, { xRequestIdRequest: 'r1' });
    scenario.arrive(100, call, served);
    scenario.drain();
    expect(scenario.find(served)).toMatchObject({ parentSpanId: call.spanId, reason: 'x_request_id' });
  });

  test('an X-Request-ID that everybody uses does not glue the world together', () => {
    const scenario = new Scenario({ maxRequestIdSpans: 20 });
    for (let index = 0; index < 100; index++)
      scenario.arrive(index * 10, ...callOf(index, index * 10, index * 10 + 8, { xRequestIdRequest: 'test' }));
    scenario.drain();
    const sizes = scenario.traces.map(({ spans }) => spans.length);
    expect(Math.max(...sizes)).toBe(20);
    expect(sizes.filter((size) => size === 2)).toHaveLength(90);
    expect(scenario.correlator.diagnostics()).toMatchObject({ link_popular_key: 180 });
  });

  test('an X-Request-ID that is always the same but rare does not keep a trace open for ever', () => {
    const scenario = new Scenario();
    for (let index = 0; index < 300; index++)
      scenario.arrive(index * 1000, ...callOf(index, index * 1000, index * 1000 + 8, { xRequestIdRequest: 'probe' }));
    scenario.drain();
    expect(Math.max(...scenario.traces.map(({ spans }) => spans.length))).toBeLessThanOrEqual(2 * 61);
  });
});
