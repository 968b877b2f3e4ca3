import { expect, it } from 'vitest';
import { aSide, aSpan } from '../../schemas/testing/a-span.ts';
import { anEvent, anEventBatch } from '../../schemas/testing/an-event.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { readTruth, score, warmUpRequests } from './score.ts';

const gateway = 8000;
const backend = 8080;
const fastCgi = 9000;
const ports = { gateway, called: [backend] };

/** Requests that only warm up, each with its truth; event ids below 1000. */
const warmUp = Array.from({ length: warmUpRequests }, (_, index) => at('s-p', gateway, `warm-${index}`, index + 1));

function at(observationPoint: string, port: number, spanId: string, requestEventId: number, parentSpanId = ''): Span {
  return aSpan({
    observationPoint,
    spanId,
    requestEventId,
    parentSpanId,
    responseEventId: requestEventId + 10_000,
    server: aSide({ port }),
    reason: parentSpanId === '' ? 'unknown' : 'last_read',
    confidence: parentSpanId === '' ? 0 : 0.99,
  });
}

/** Scores spans after the warm-up; the truth of an event is its id modulo 100. */
function scored(...spans: readonly Span[]) {
  const all = [...warmUp, ...spans];
  const truths = new Map(all.map(({ requestEventId: id }) => [id, id < 1000 ? `warm ${id}` : `T${id % 100}`]));
  return score(all, truths, ports);
}

it('a call whose parent is the request with its truth is right, another one wrong, none unknown', () => {
  const result = scored(
    at('s-p', gateway, 'a', 1001),
    at('s-p', gateway, 'b', 1002),
    at('c-p', backend, 'right', 1101, 'a'),
    at('c-p', backend, 'wrong', 1202, 'a'),
    at('c-p', backend, 'unknown', 1302),
  );
  expect(result).toMatchObject({ right: 1, wrong: 1, unknown: 1, served: warmUpRequests + 2, calls: 3 });
  expect(result.edges).toEqual([
    { isRight: true, reason: 'last_read', confidence: 0.99 },
    { isRight: false, reason: 'last_read', confidence: 0.99 },
  ]);
});

it('a parent that leads to the request counts: PHP is called by nginx, which has the request', () => {
  const between = [at('c-p', fastCgi, 'nginx', 1101, 'a'), at('s-p', fastCgi, 'php', 1201, 'nginx')];
  const call = at('c-p', backend, 'call', 1301, 'php');
  expect(scored(at('s-p', gateway, 'a', 1001), ...between, call)).toMatchObject({ right: 1, wrong: 0, unknown: 0 });
});

it('a parent that leads to no request of the gateway is unknown, unless it belongs to another one', () => {
  const request = at('s-p', gateway, 'a', 1001);
  const call = at('c-p', backend, 'call', 1301, 'php');
  expect(scored(request, at('s-p', fastCgi, 'php', 1201), call)).toMatchObject({ right: 0, wrong: 0, unknown: 1 });
  expect(scored(request, at('s-p', fastCgi, 'php', 1202), call)).toMatchObject({ right: 0, wrong: 1, unknown: 0 });
});

it('a parent that does not exist is wrong', () => {
  const result = scored(at('s-p', gateway, 'a', 1001), at('c-p', backend, 'call', 1101, 'lost'));
  expect(result).toMatchObject({ right: 0, wrong: 1, unknown: 0 });
});

it('what is called by the first requests, by other processes or on other ports is not scored', () => {
  const result = scored(
    at('s-p', gateway, 'a', 1001),
    at('c-p', backend, 'early', 2, 'warm-9'),
    at('c-p', backend, "another's", 1150),
    at('c-p', gateway, "the client's", 1101),
  );
  expect(result).toMatchObject({ right: 0, wrong: 0, unknown: 0 });
});

it('the truth of a message is found in the event that has it, and when its head comes in several reads', () => {
  const events = [
    anEvent({ id: 1, messageId: 1, text: 'GET / HTTP/1.1\r\nx-truth: T00000001\r\n\r\n' }),
    anEvent({ id: 2, messageId: 2, text: 'GET / HTTP/1.1\r\nx-truth: T0000' }),
    anEvent({ id: 3, messageId: 2, text: '0002\r\n\r\n' }),
    anEvent({ id: 4, messageId: 4, text: '*2\r\n$3\r\nGET\r\n$14\r\ncart:T00000003\r\n' }),
    anEvent({ id: 5, messageId: 5, text: '' }),
  ];
  expect(readTruth([anEventBatch({ events })])).toEqual(
    new Map([
      [1, 'T00000001'],
      [2, 'T00000002'],
      [4, 'T00000003'],
    ]),
  );
});
