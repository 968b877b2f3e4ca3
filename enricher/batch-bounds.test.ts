import { describe, expect, test } from 'vitest';
import { imbalance } from '../core/stage/accounting.ts';
import type { EventBatch } from '../schemas/generated/event-batch.ts';
import { boundsProblem } from './batch-bounds.ts';
import { createEnricher } from './stage.ts';
import { socketEvent } from './testing/event.ts';
import { eventMessage } from './testing/event-message.ts';
import { lineDissector } from './testing/line-protocol.ts';
import { testConfig } from './testing/run-agent.ts';

const hourNs = 3_600e9;
const acceptedMs = 1_700_000_000_000;
const baseTimeNs = BigInt(acceptedMs) * 1_000_000n;
const batch = (given: Partial<EventBatch>): EventBatch => ({
  ...{ agentId: 5, hostName: 'host', sequence: 1, baseTimeNs, baseMonotonicNs: 0, untilOffsetNs: 0 },
  ...{ losses: [], processes: [], events: [] },
  ...given,
});
const event = (given: Parameters<typeof socketEvent>[0]): Pick<EventBatch, 'events'> => ({
  events: [socketEvent(given)],
});

describe('the numbers of a batch', () => {
  test.each<[string, Partial<EventBatch>]>([
    ['an hour ahead of the bus', { baseTimeNs: baseTimeNs + BigInt(hourNs) }],
    ['of any time in the past', { baseTimeNs: 0n }],
    ['with a call that took six days', event({ timeOffsetNs: -6 * 24 * hourNs })],
    ['with the longest call that the kernel makes', event({ length: 0x7ffff000, tcpSequence: 2 ** 32 - 1 })],
  ])('are believed: %s', (_, given) => {
    expect(boundsProblem(batch(given), acceptedMs)).toBeUndefined();
  });

  test.each<[string, Partial<EventBatch>, string]>([
    ['more than an hour ahead of the bus', { baseTimeNs: baseTimeNs + BigInt(hourNs) + 1n }, 'time_out_of_range'],
    ['in 2262', { baseTimeNs: 2n ** 63n - 1n }, 'time_out_of_range'],
    ['before 1970', { baseTimeNs: -1n }, 'time_out_of_range'],
    ['until two hours later', { untilOffsetNs: 2 * hourNs }, 'time_out_of_range'],
    ['with an event two hours later', event({ timeOffsetNs: 2 * hourNs }), 'time_out_of_range'],
    ['with a call that took eight days', event({ timeOffsetNs: -8 * 24 * hourNs }), 'time_out_of_range'],
    [
      'with an event that is ahead',
      { baseTimeNs: baseTimeNs + 3_000_000_000_000n, ...event({ timeOffsetNs: 3e12 }) },
      'time_out_of_range',
    ],
    ['with a call of 2^53 bytes', event({ length: 2 ** 53 }), 'undecodable'],
    ['with a call of less than nothing', event({ length: -1 }), 'undecodable'],
    ['with a sequence of 53 bits', event({ tcpSequence: 2 ** 52 }), 'undecodable'],
  ])('are refused: %s', (_, given, reason) => {
    expect(boundsProblem(batch(given), acceptedMs)).toMatchObject({ reason });
  });

  test('are refused where the time of the bus is not known only when they cannot be stored', () => {
    expect(boundsProblem(batch({ baseTimeNs: baseTimeNs * 2n }), 0)).toBeUndefined();
    expect(boundsProblem(batch({ baseTimeNs: 2n ** 63n - 1n }), 0)).toMatchObject({ reason: 'time_out_of_range' });
  });

  test('of one batch cost that batch: it is put aside, and the next is worked off', () => {
    const stage = createEnricher(testConfig, { dissectors: [lineDissector] });
    const call = [
      socketEvent({ id: 2, direction: 'egress', text: 'Q a 1\n' }),
      socketEvent({ id: 3, direction: 'ingress', text: 'A 200\n' }),
    ];
    const ahead = eventMessage({ events: call, baseTimeNs: baseTimeNs * 2n }, { offset: 0, timestampMs: acceptedMs });
    expect(stage.process(ahead, 0)).toMatchObject([{ topic: 'dead-letter' }]);
    const now = eventMessage({ events: call, baseTimeNs }, { offset: 1, timestampMs: acceptedMs });
    expect(stage.process(now, 0)).toMatchObject([{ topic: 'spans' }]);
    expect(stage.accounting()).toMatchObject({ received: 3, emitted: 2, rejected: { time_out_of_range: 1 } });
    expect(imbalance(stage.accounting())).toBe(0);
  });
});
