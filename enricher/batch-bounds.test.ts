import { describe, expect, test } from 'vitest';
import { imbalance } from '../core/stage/accounting.ts';
import type { EventBatch } from '../schemas/generated/event-batch.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readSpanBatch } from '../schemas/generated/span-batch.ts';
import { boundsProblem } from './batch-bounds.ts';
import { dissectors } from '../protocols/dissectors.ts';
import { createEnricher } from './stage.ts';
import { anEvent, anEventBatch } from '../schemas/testing/an-event.ts';
import { eventMessage } from './testing/event-message.ts';
import { lineDissector } from './testing/line-protocol.ts';
import { testConfig } from './testing/run-agent.ts';

const hourNs = 3_600e9;
const acceptedMs = 1_700_000_000_000;
const baseTimeNs = BigInt(acceptedMs) * 1_000_000n;
const batch = (given: Partial<EventBatch>): EventBatch => anEventBatch({ untilOffsetNs: 0, ...given });
const event = (given: Parameters<typeof anEvent>[0]): Pick<EventBatch, 'events'> => ({
  events: [anEvent(given)],
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

  test('of a host that is up for longer than 2^53 ns, which are 104 days, are those of any host', () => {
    const stage = createEnricher(testConfig, { dissectors: [lineDissector] });
    const call = [
      anEvent({ id: 2, direction: 'egress', text: 'Q a 1\n', timeOffsetNs: 1_000 }),
      anEvent({ id: 3, direction: 'ingress', text: 'A 200\n', timeOffsetNs: 9_000 }),
    ];
    const dayNs = 86_400e9;
    const up = eventMessage(
      { events: call, baseTimeNs, baseMonotonicNs: 2_000 * dayNs },
      { offset: 0, timestampMs: acceptedMs },
    );
    const [spans] = stage.process(up, 0);
    const decoded = readSpanBatch(new AvroReader(spans!.value as Buffer));
    expect(decoded.spans).toHaveLength(1);
    const { startTimeNs, durationNs } = decoded.spans[0]!;
    // Numbers of that size are 32 apart.
    expect(Math.abs(Number(startTimeNs - baseTimeNs) - 1_000)).toBeLessThanOrEqual(32);
    expect(Math.abs(durationNs - 8_000)).toBeLessThanOrEqual(32);
  });

  test.each(['9007199254740991', '9223372036854775807', '9'.repeat(30)])(
    'of a body of %s bytes can be read',
    (length) => {
      const call = [
        anEvent({ id: 2, direction: 'egress', text: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' }),
        anEvent({ id: 3, direction: 'ingress', text: `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n` }),
      ];
      const stage = createEnricher(testConfig, { dissectors });
      const message = eventMessage({ events: call, baseTimeNs }, { offset: 0, timestampMs: acceptedMs });
      const outputs = [...stage.process(message, 0), ...stage.drain()];
      const spans = outputs.flatMap(({ value }) => readSpanBatch(new AvroReader(value as Buffer)).spans);
      expect(spans).toMatchObject([{ status: 'ok' }]);
    },
  );

  test('of one batch cost that batch: it is put aside, and the next is worked off', () => {
    const stage = createEnricher(testConfig, { dissectors: [lineDissector] });
    const call = [
      anEvent({ id: 2, direction: 'egress', text: 'Q a 1\n' }),
      anEvent({ id: 3, direction: 'ingress', text: 'A 200\n' }),
    ];
    const ahead = eventMessage({ events: call, baseTimeNs: baseTimeNs * 2n }, { offset: 0, timestampMs: acceptedMs });
    expect(stage.process(ahead, 0)).toMatchObject([{ topic: 'dead-letter' }]);
    const now = eventMessage({ events: call, baseTimeNs }, { offset: 1, timestampMs: acceptedMs });
    expect(stage.process(now, 0)).toMatchObject([{ topic: 'spans' }]);
    expect(stage.accounting()).toMatchObject({ received: 3, emitted: 2, rejected: { time_out_of_range: 1 } });
    expect(imbalance(stage.accounting())).toBe(0);
  });
});
