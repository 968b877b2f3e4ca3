import { describe, expect, test } from 'vitest';
import type { NetworkInterface, SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { dnsQuery, dnsResponse } from '../../protocols/testing/wire.ts';
import { anInterface } from '../../schemas/testing/a-segment.ts';
import { anEvent } from '../../schemas/testing/an-event.ts';
import { runAgent } from '../testing/run-agent.ts';

/** Which datagram answers which, where a program does not ask who sent them. */

const resolver = { remoteAddress: Uint8Array.of(127, 0, 0, 77), remotePort: 53 };
const other = { remoteAddress: Uint8Array.of(127, 0, 0, 78), remotePort: 53 };
const unknown = { remoteAddress: Uint8Array.of(0, 0, 0, 0), remotePort: 0 };
const group = { remoteAddress: Uint8Array.of(224, 0, 0, 252), remotePort: 5355 };
const neighbour = { remoteAddress: Uint8Array.of(10, 0, 0, 9), remotePort: 5355 };

interface Datagram extends Partial<SocketEvent> {
  readonly bytes: Buffer;
}

function run(
  datagrams: readonly Datagram[],
  idleNs = 16e9,
  interfaces: readonly NetworkInterface[] = [],
): readonly Span[] {
  const events = datagrams.map(({ bytes, ...given }, index) =>
    anEvent({ id: 100 + index, transport: 'udp', payload: bytes, length: bytes.length, ...given }),
  );
  return runAgent(events, { dissectors, idleNs, interfaces }).spans;
}

function out(bytes: Buffer, peer: Partial<SocketEvent>): Datagram {
  return { bytes, direction: 'egress', ...peer };
}

function into(bytes: Buffer, peer: Partial<SocketEvent>): Datagram {
  return { bytes, direction: 'ingress', ...peer };
}

function answer(id: number, name = 'ok.test', last = 3): Buffer {
  return dnsResponse(id, name, 1, 0, [{ type: 1, data: Buffer.from([10, 1, 2, last]) }]);
}

const brief = (span: Span): unknown[] => [span.requestDomain, span.status, span.responseResult, span.server.port];

describe('a client that reads with recv()', () => {
  test.each([
    ['four bytes of zeros', Uint8Array.of(0, 0, 0, 0)],
    ['no address', new Uint8Array()],
    ['sixteen bytes of zeros', new Uint8Array(16)],
  ])('gets its answer by its id: the event has %s and no port', (_, remoteAddress) => {
    const spans = run([out(dnsQuery(7, 'ok.test'), resolver), into(answer(7), { remoteAddress, remotePort: 0 })]);
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({
      observationPoint: 'c-p',
      protocol: 'dns',
      requestType: 'A',
      requestDomain: 'ok.test',
      status: 'ok',
      responseResult: '10.1.2.3',
      requestBytes: 25,
      responseBytes: 41,
      server: { address: resolver.remoteAddress, port: 53 },
      client: { address: Uint8Array.of(10, 0, 0, 1), port: 40_000 },
    });
  });

  test('has several questions on their way, answered in any order', () => {
    const spans = run([
      out(dnsQuery(7, 'a.test'), resolver),
      out(dnsQuery(8, 'b.test'), other),
      into(answer(8, 'b.test', 8), unknown),
      into(answer(7, 'a.test', 7), unknown),
    ]);
    expect(spans.map(brief)).toEqual([
      ['b.test', 'ok', '10.1.2.8', 53],
      ['a.test', 'ok', '10.1.2.7', 53],
    ]);
    expect(spans.map((span) => span.server.address[3])).toEqual([78, 77]);
  });

  test('used one id for two peers or two questions: neither is known to be answered', () => {
    const twoPeers = [out(dnsQuery(7, 'ok.test'), resolver), out(dnsQuery(7, 'ok.test'), other)];
    const twoQuestions = [out(dnsQuery(7, 'a.test'), resolver), out(dnsQuery(7, 'b.test'), resolver)];
    for (const asked of [twoPeers, twoQuestions]) {
      const spans = run([...asked, into(answer(7), unknown)]);
      expect(spans.map((span) => span.status)).toEqual(['timeout', 'timeout']);
    }
  });

  test('asked the same of the same peer again', () => {
    const query = dnsQuery(7, 'ok.test');
    const spans = run([out(query, resolver), out(query, resolver), into(answer(7), unknown)]);
    expect(spans.map((span) => span.status)).toEqual(['ok', 'timeout']);
  });

  test('used the id again once it was free', () => {
    const exchange = [out(dnsQuery(7, 'ok.test'), resolver), into(answer(7), unknown)];
    expect(run([...exchange, ...exchange]).map((span) => span.status)).toEqual(['ok', 'ok']);
  });

  test('gets nothing by another id, nor after its time', () => {
    const query = out(dnsQuery(7, 'ok.test'), resolver);
    expect(run([query, into(answer(8), unknown)]).map((span) => span.status)).toEqual(['timeout']);
  });

  test('gets nothing from a peer that is known and another one', () => {
    const spans = run([out(dnsQuery(7, 'ok.test'), resolver), into(answer(7), other)]);
    expect(spans.map((span) => span.status)).toEqual(['timeout']);
  });

  test('has a connected socket: the peer is known', () => {
    const spans = run([out(dnsQuery(7, 'ok.test'), resolver), into(answer(7), resolver)]);
    expect(spans.map(brief)).toEqual([['ok.test', 'ok', '10.1.2.3', 53]]);
  });

  test('began before capture did: the port of its queries is known from the first one on', () => {
    const odd = dnsQuery(8, 'odd.test');
    odd.writeUInt16BE(0x0140, 2);
    const spans = run([into(answer(6), unknown), out(odd, resolver), into(answer(8, 'odd.test'), unknown)]);
    expect(spans.map((span) => [span.requestDomain, span.status])).toEqual([['odd.test', 'ok']]);
  });
});

describe('a server that reads with recv()', () => {
  const served = { localPort: 53 };
  const client = { remoteAddress: Uint8Array.of(10, 0, 0, 5), remotePort: 41_000, localPort: 53 };

  test('answers a peer whose address the query came without: the response has it', () => {
    const spans = run([into(dnsQuery(7, 'ok.test'), { ...unknown, ...served }), out(answer(7), client)]);
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({
      observationPoint: 's-p',
      status: 'ok',
      client: { address: client.remoteAddress, port: 41_000 },
      server: { port: 53 },
    });
  });

  test('answers two that used the same id: which is which is not known', () => {
    const query = into(dnsQuery(7, 'ok.test'), { ...unknown, ...served });
    const spans = run([query, query, out(answer(7), client)]);
    expect(spans.map((span) => span.status)).toEqual(['timeout', 'timeout']);
  });

  test('answers the one it knows before one it does not', () => {
    const spans = run([
      into(dnsQuery(7, 'a.test'), { ...unknown, ...served }),
      into(dnsQuery(7, 'b.test'), client),
      out(answer(7, 'b.test'), client),
    ]);
    expect(spans.map((span) => [span.requestDomain, span.status])).toEqual([
      ['b.test', 'ok'],
      ['a.test', 'timeout'],
    ]);
  });
});

test('a forwarder with one socket: an answer from upstream is none to the client that used the same id', () => {
  const client = { remoteAddress: Uint8Array.of(10, 0, 0, 5), remotePort: 41_000 };
  const spans = run([
    into(dnsQuery(7, 'ok.test'), client),
    out(dnsQuery(7, 'ok.test'), resolver),
    into(answer(7), unknown),
    out(answer(7), client),
  ]);
  expect(spans.map((span) => [span.observationPoint, span.status])).toEqual([
    ['c-p', 'ok'],
    ['s-p', 'ok'],
  ]);
});

describe('a question to many', () => {
  test('is answered by one of them, from its own address', () => {
    const spans = run([out(dnsQuery(7, 'host'), group), into(answer(7, 'host'), neighbour)]);
    expect(spans).toMatchObject([{ status: 'ok', server: { address: group.remoteAddress, port: 5355 } }]);
  });

  test('without an id is not answered by what is heard next', () => {
    const mdns = { remoteAddress: Uint8Array.of(224, 0, 0, 251), remotePort: 5353 };
    for (const peer of [neighbour, unknown]) {
      const spans = run([out(dnsQuery(0, 'a.local'), mdns), into(answer(0, 'b.local'), peer)]);
      expect(spans.map((span) => span.status)).toEqual(['timeout']);
    }
  });
});

test('a datagram that is no message adds nothing to the request before it', () => {
  const spans = run([
    out(dnsQuery(7, 'ok.test'), resolver),
    out(Buffer.alloc(300, 0xff), resolver),
    into(answer(7), resolver),
  ]);
  expect(spans).toMatchObject([{ requestBytes: 25, responseBytes: 41 }]);
});

describe('a client whose socket is bound to all addresses', () => {
  const pod = Uint8Array.of(10, 0, 0, 1);
  const pod6 = Uint8Array.of(0x20, 1, ...new Array<number>(13).fill(0), 1);
  const card = anInterface({ networkNamespace: 7, addresses: [pod, pod6] });
  const all4 = new Uint8Array(4);
  const all6 = new Uint8Array(16);
  const far = { remoteAddress: Uint8Array.of(10, 0, 0, 53), remotePort: 53 };
  const mapped = Uint8Array.of(...new Array<number>(10).fill(0), 0xff, 0xff, 10, 0, 0, 53);
  const far6 = { remoteAddress: Uint8Array.of(0x20, 1, ...new Array<number>(13).fill(0), 53), remotePort: 53 };

  function clientOf(localAddress: Uint8Array, peer: Partial<SocketEvent>, facts: readonly NetworkInterface[]): unknown {
    const socket = { localAddress, networkNamespace: 7, ...peer };
    const spans = run([out(dnsQuery(7, 'ok.test'), socket), into(answer(7), socket)], undefined, facts);
    expect(spans).toHaveLength(1);
    return spans[0]!.client.address;
  }

  test.each([
    ['of IPv4', all4, far, pod],
    ['of IPv6 that speaks IPv4, too', all6, { ...far, remoteAddress: mapped }, pod],
    ['of IPv6', all6, far6, pod6],
  ])('%s asks from the only address that its network namespace has', (_, local, peer, address) => {
    expect(clientOf(local, peer, [card])).toEqual(address);
  });

  test.each([
    [
      'several addresses',
      [card, anInterface({ index: 3, networkNamespace: 7, addresses: [Uint8Array.of(10, 9, 9, 9)] })],
    ],
    ['none that is known', [anInterface({ networkNamespace: 8, addresses: [pod] })]],
  ])('has none where its namespace has %s', (_, facts) => {
    expect(clientOf(all4, far, facts)).toEqual(all4);
  });

  test('has none when it asks this host, and its own where it has one', () => {
    expect(clientOf(all4, resolver, [card])).toEqual(all4);
    const own = Uint8Array.of(10, 0, 0, 2);
    expect(clientOf(own, far, [card])).toEqual(own);
  });
});
