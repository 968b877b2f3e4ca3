import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestMessage } from '../../protocols/dissection/dissector.ts';
import type { EventRef } from './event-ref.ts';
import { OpenRequest, type RequestSocket, unknownPort } from './open-request.ts';
import { OpenRequests } from './open-requests.ts';

interface Asked {
  readonly requestId: number;
  readonly ingress: boolean;
  readonly port: number;
  readonly address: number;
  readonly question: string;
}

/** Something with the parts that are looked at. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what it stands for
const pretend = <Kind>(parts: object): Kind => parts as Kind;

/** A request with all that finding it looks at. */
function request({ requestId, ingress, port, address, question }: Asked): OpenRequest {
  const origin = pretend<EventRef>({ timeNs: 0, ingress, clock: { offset: 0 } });
  const message = pretend<RequestMessage<EventRef>>({
    origin,
    requestId,
    requestType: question,
    requestResource: question,
  });
  const remoteAddress = Uint8Array.of(address, 0, 0, 1);
  const socket = pretend<RequestSocket>({ remoteAddress, remotePort: port, protocol: 'dns' });
  return new OpenRequest('', socket, message, 0);
}

const asked = fc.record({
  requestId: fc.constantFrom(0, 7, 8),
  ingress: fc.boolean(),
  port: fc.constantFrom(unknownPort, 53, 54),
  address: fc.constantFrom(10, 11, 224),
  question: fc.constantFrom('', 'a', 'b'),
});
const filler: Asked = { requestId: 99, ingress: true, port: 9, address: 9, question: 'filler' };

describe('the request that a response belongs to', () => {
  test('is the same whether few wait or many', () => {
    const step = fc.record({ asked, what: fc.constantFrom('ask', 'ask', 'answer', 'leave', 'keep') });
    const runs = fc.property(fc.boolean(), fc.array(step, { maxLength: 60 }), (isDatagram, steps) => {
      const few = new OpenRequests(isDatagram);
      const many = new OpenRequests(isDatagram);
      for (let index = 0; index < 100; index++) many.push(request(filler));
      const pairs: (readonly [OpenRequest, OpenRequest])[] = [];
      for (const { asked: one, what } of steps) {
        if (what === 'ask' && few.size < 16) {
          const pair = [request(one), request(one)] as const;
          pairs.push(pair);
          few.push(pair[0]);
          many.push(pair[1]);
        } else if (what === 'answer') {
          const peer = { remotePort: one.port, remoteAddress: Uint8Array.of(one.address, 0, 0, 1) };
          const found = few.take(one.requestId, !one.ingress, peer);
          const same = many.take(one.requestId, !one.ingress, peer);
          expect(pairs.findIndex(([first]) => first === found)).toBe(pairs.findIndex(([, other]) => other === same));
        } else if (pairs.length > 0 && what !== 'ask') {
          const [first, other] = pairs[one.port % pairs.length]!;
          if (what === 'leave') few.leave(first, false);
          if (what === 'leave') many.leave(other, false);
          if (what === 'keep') few.remove(first);
          if (what === 'keep') many.remove(other);
        }
        expect(many.size).toBe(few.size + 100);
      }
    });
    fc.assert(runs, { numRuns: 500 });
  });

  test.each([
    ['by peers that each asked once', (index: number): Partial<Asked> => ({ port: 1 + index })],
    ['by one peer that asks again and again', (): Partial<Asked> => ({ port: 1, question: 'a' })],
    ['by peers that are not known', (): Partial<Asked> => ({ port: unknownPort })],
    ['by ids', (index: number): Partial<Asked> => ({ port: 1, requestId: index })],
  ])('is found at one cost, however many wait: asked %s', (_, given) => {
    const cost = (count: number): number => {
      const open = new OpenRequests(true);
      for (let index = 0; index < count; index++)
        open.push(request({ requestId: 5, ingress: true, port: 0, address: 10, question: '', ...given(index) }));
      for (let index = 0; index < 100; index++)
        open.take(5, false, { remotePort: index % 3, remoteAddress: Uint8Array.of(10, 0, 0, 1) });
      return open.steps;
    };
    expect(cost(8_000)).toBe(cost(1_000));
  });
});

test('requests that are over keep their place in front, at most 64 of them', () => {
  const open = new OpenRequests(false);
  const all = Array.from({ length: 200 }, () => request({ ...filler, requestId: 0 }));
  for (const one of all) open.push(one);
  for (const one of all.slice(0, 100)) open.leave(one, true);
  expect(open.size).toBe(164);
  expect(open.oldest).toBe(all[36]);
  expect(open.take(0, false, { remotePort: 1, remoteAddress: Uint8Array.of(1) })).toBe(all[36]);
  expect(open.takeAll()).toHaveLength(163);
  expect(open.size).toBe(0);
});
