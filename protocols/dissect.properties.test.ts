import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Conversation, Message, Sender } from './dissection/dissector.ts';
import { dissectors } from './dissectors.ts';
import { examples, serverPorts } from './testing/examples.ts';
import { layOut } from './testing/lay-out.ts';
import { type Call, play, withBudget } from './testing/play.ts';
import { Random } from '../core/testing/random.ts';
import { propertyRuns } from '../schemas/testing/property-runs.ts';
import { SocketDissection } from './dissection/socket-dissection.ts';

const cases = propertyRuns(100_000);
const layouts = propertyRuns(2_000);
/** More than any dissector says it keeps of one connection: 128 statements are the most. */
const mostKeptBytes = 400_000;

const protocols = examples.map(({ definition: { name, dissector }, exchange, waitsForResponses = false }) => ({
  name,
  dissector,
  make: exchange,
  waitsForResponses,
}));

/** Everything reachable from a conversation, roughly in bytes. */
function keptBytes(value: unknown, seen = new Set<unknown>()): number {
  if (typeof value === 'string') return 16 + value.length;
  if (typeof value !== 'object' || value === null || seen.has(value)) return 8;
  seen.add(value);
  if (Buffer.isBuffer(value)) return 64 + value.length;
  if (value instanceof Map) {
    let bytes = 64;
    for (const [key, item] of value as Map<unknown, unknown>) bytes += keptBytes(key, seen) + keptBytes(item, seen);
    return bytes;
  }
  let bytes = 32;
  for (const item of Object.values(value)) bytes += keptBytes(item, seen);
  return bytes;
}

function mutate(random: Random, calls: readonly Call[]): Call[] {
  const from = random.oneIn(3) ? random.below(calls.length) : 0;
  return calls.slice(from).flatMap((call) => {
    if (random.oneIn(10)) return [];
    let bytes = Buffer.from(call.bytes);
    let sender: Sender = call.sender;
    for (let times = random.below(4); times > 0 && bytes.length > 0; times--)
      bytes[random.below(bytes.length)] = random.below(256);
    if (random.oneIn(8)) bytes = Buffer.concat([bytes, random.bytes(random.below(40))]);
    if (random.oneIn(8)) bytes = Buffer.from(bytes.subarray(random.below(bytes.length + 1)));
    if (random.oneIn(30)) sender = sender === 'client' ? 'server' : 'client';
    const hidden = random.oneIn(5) ? random.below(random.oneIn(3) ? 2 ** 31 : 3000) : 0;
    return [
      { sender, bytes, length: bytes.length + hidden, startsMessage: random.oneIn(20) ? random.oneIn(2) : undefined },
    ].map(({ startsMessage, ...rest }) => (startsMessage === undefined ? rest : { ...rest, startsMessage }));
  });
}

function pool(random: Random, make: (typeof protocols)[number]['make']): readonly Call[][] {
  return Array.from({ length: 64 }, () => [...layOut(random, make, 3, random.oneIn(2)).calls]);
}

describe.each(protocols)('$name', ({ dissector, make, waitsForResponses }) => {
  const samples = pool(new Random(7), make);

  test(`any bytes: nothing throws, hangs or grows (${cases} cases)`, () => {
    // One conversation lives through all cases, so that whatever grew would have grown thousands of times.
    let conversation: Conversation<object> = dissector.open();
    let reported = 0;
    const origin = {};
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        if (random.oneIn(4)) {
          const bytes = random.bytes(random.below(64));
          const call = { origin, bytes, length: bytes.length + random.below(3) * 100, startsMessage: random.oneIn(2) };
          conversation.read(random.oneIn(2) ? 'client' : 'server', call, () => reported++);
          dissector.recognise(bytes, {
            sender: random.pick([undefined, 'client', 'server']),
            senderPort: random.pick(serverPorts),
            receiverPort: random.pick(serverPorts),
            transport: random.pick(['tcp', 'udp', 'unix', 'unknown']),
          });
        } else {
          let last: Sender | undefined;
          for (const { sender, bytes, length, startsMessage } of mutate(random, random.pick(samples))) {
            const starts = startsMessage ?? sender !== last;
            last = sender;
            conversation.read(
              sender,
              { origin, bytes, length: length ?? bytes.length, startsMessage: starts },
              () => reported++,
            );
          }
        }
        if (conversation.desynchronized) conversation = dissector.open();
        if (random.oneIn(2000)) expect(keptBytes(conversation)).toBeLessThan(mostKeptBytes);
      }),
      { numRuns: cases },
    );
    expect(keptBytes(conversation)).toBeLessThan(mostKeptBytes);
    expect(reported).toBeGreaterThan(cases / 10);
  });

  test('a valid conversation cut anywhere gives the same messages at their places', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const { calls, requestsAt, responsesAt } = layOut(random, make, 6, random.oneIn(3));
        const { requests, responses, desynchronized } = play(dissector, calls);
        expect(desynchronized).toBe(false);
        const place = (message: Message<number>): string => `${message.origin}:${message.offset}`;
        expect(requests.map(place)).toEqual([...requestsAt.keys()]);
        expect(responses.map(place)).toEqual([...responsesAt.keys()]);
        const whole = play(dissector, joined(calls));
        const bare = (message: Message<number>): unknown => ({ ...message, origin: 0, offset: 0 });
        expect(requests.map(bare)).toEqual(whole.requests.map(bare));
        expect(responses.map(bare)).toEqual(whole.responses.map(bare));
      }),
      { numRuns: layouts },
    );
  });

  test('no response goes to the wrong request, whatever was not captured', () => {
    let right = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const laidOut = layOut(random, make, 12, false);
        const calls = withBudget(laidOut.calls, random.pick([64, 200, 512]), 32);
        // Lost events are holes of known size.
        const holes = calls.map((call) => (random.oneIn(12) ? { ...call, bytes: Buffer.alloc(0) } : call));
        const { right: pairs, wrong } = pair(holes, laidOut, dissector);
        expect(wrong).toBe(0);
        right += pairs;
      }),
      { numRuns: layouts },
    );
    expect(right).toBeGreaterThan(layouts);
  });

  test.skipIf(waitsForResponses)('nor does one after a calm second, where the client does not wait for replies', () => {
    let right = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const laidOut = layOut(random, make, 16, true);
        const { rests, firstOverlap } = restsOf(laidOut);
        const cut = withBudget(laidOut.calls, random.pick([64, 200, 512]), 32);
        // Until the client was seen to ask before it had all replies, it is taken to wait for them.
        const calls = laidOut.calls.map((call, index) => {
          if (index <= firstOverlap) return call;
          return rests.has(index) && random.oneIn(2) ? { ...cut[index]!, afterPause: true } : cut[index]!;
        });
        const { right: pairs, wrong } = pair(calls, laidOut, dissector);
        expect(wrong).toBe(0);
        right += pairs;
      }),
      { numRuns: layouts },
    );
    expect(right).toBeGreaterThan(layouts);
  });

  test('the whole way from recognition on, no bytes throw', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const facts = {
          localRole: undefined,
          localPort: 1,
          remotePort: random.pick(serverPorts),
          transport: 'tcp',
        } as const;
        const socket = new SocketDissection<number>(dissectors, facts);
        let sequence = random.below(2 ** 31);
        for (const call of mutate(random, random.pick(samples))) {
          const segment = {
            origin: 0,
            bytes: call.bytes,
            length: call.length ?? call.bytes.length,
            startsMessage: random.oneIn(2),
          };
          sequence += random.oneIn(4) ? random.below(4000) - 2000 : segment.length;
          socket.read(call.sender === 'client' ? 'local' : 'remote', segment, () => undefined, sequence >>> 0);
        }
        socket.end(() => undefined);
      }),
      { numRuns: propertyRuns(5_000) },
    );
  });
});

/** The calls of the client before which every request had its response, and the first one before which one had not. */
function restsOf({ calls, requestsAt, responsesAt }: ReturnType<typeof layOut>): {
  readonly rests: ReadonlySet<number>;
  readonly firstOverlap: number;
} {
  const callOf = (place: string): number => Number(place.slice(0, place.indexOf(':')));
  const asked = [...requestsAt.keys()].map(callOf);
  const answered = [...responsesAt.keys()].map(callOf);
  const rests = new Set<number>();
  let firstOverlap = calls.length;
  calls.forEach(({ sender }, index) => {
    if (sender !== 'client' || calls[index - 1]?.sender !== 'server') return;
    const waiting = asked.filter((call) => call < index).length - answered.filter((call) => call < index).length;
    if (waiting === 0) rests.add(index);
    else firstOverlap = Math.min(firstOverlap, index);
  });
  return { rests, firstOverlap };
}

/** Joins the calls of each run into one. */
function joined(calls: readonly Call[]): Call[] {
  const result: Call[] = [];
  for (const call of calls) {
    const last = result.at(-1);
    if (last?.sender === call.sender)
      result[result.length - 1] = { ...last, bytes: Buffer.concat([last.bytes, call.bytes]) };
    else result.push(call);
  }
  return result;
}

/** Pairs as the enricher does, and compares with the truth. */
function pair(
  calls: readonly Call[],
  truth: ReturnType<typeof layOut>,
  dissector: (typeof protocols)[number]['dissector'],
): { right: number; wrong: number; unknown: number } {
  const open: { index: number; requestId: number }[] = [];
  const count = { right: 0, wrong: 0, unknown: 0 };
  for (const message of play(dissector, calls).messages) {
    const place = `${message.origin}:${message.offset}`;
    if (message.kind === 'request') {
      open.push({ index: truth.requestsAt.get(place) ?? -1, requestId: message.requestId });
      continue;
    }
    if (message.kind === 'end') continue;
    const at = message.requestId === 0 ? 0 : open.findIndex((one) => one.requestId === message.requestId);
    const [request] = at < 0 ? [] : open.splice(at, 1);
    if (request === undefined) continue;
    if (message.status === 'unknown') count.unknown++;
    else if (truth.responsesAt.get(place) === request.index) count.right++;
    else count.wrong++;
  }
  return count;
}
