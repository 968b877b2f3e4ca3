import { describe, expect, test } from 'vitest';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import { imbalance } from '../core/stage/accounting.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import type { EventBatch } from '../schemas/generated/event-batch.ts';
import type { Span } from '../schemas/generated/span.ts';
import { readSpanBatch } from '../schemas/generated/span-batch.ts';
import { aFlowInterval, aSegment } from '../schemas/testing/a-segment.ts';
import { anEvent, anEventBatch } from '../schemas/testing/an-event.ts';
import { createEnricher, type Enricher } from './stage.ts';
import { eventMessage } from './testing/event-message.ts';
import { lineDissector } from './testing/line-protocol.ts';
import { testConfig } from './testing/run-agent.ts';

/** One agent that captures sockets and packets. */

const source = { topic: 'events', partition: 0 };
const second = 1_000_000_000;

class BothSources {
  readonly stage: Enricher = createEnricher(testConfig, { dissectors: [lineDissector] });
  /** Event time of the agent after the last batch. */
  watermarkNs = 0n;
  private offset = 0;

  send(batch: Partial<EventBatch>): readonly Span[] {
    const message = eventMessage(batch, { offset: this.offset++ });
    const outputs = this.stage.process(message, 0);
    expect(imbalance(this.stage.accounting())).toBe(0);
    expect(outputs[0]!.topic).toBe('spans');
    this.watermarkNs = readSpanBatch(new AvroReader(outputs[0]!.value as Buffer)).watermarkNs;
    return outputs.flatMap(spansOf);
  }

  sockets(sequence: number, batch: Partial<EventBatch> = {}): readonly Span[] {
    return this.send({ sequence, untilOffsetNs: sequence * 1000, ...batch });
  }

  packets(sequence: number, batch: Partial<EventBatch> = {}): readonly Span[] {
    return this.send({ source: 'packets', sequence, untilOffsetNs: sequence * 1000, ...batch });
  }
}

const spansOf = ({ topic, value }: OutgoingMessage): readonly Span[] =>
  topic === 'spans' ? readSpanBatch(new AvroReader(value as Buffer)).spans : [];

const served = { role: 'server', socketId: 7 } as const;
/** The process has read a request, and now calls another one because of it. */
const request = anEvent({ id: 1, text: 'Q a 1\n', ...served });
const callAndResponse = [
  anEvent({ id: 2, direction: 'egress', text: 'Q a 1\n', after: 1 }),
  anEvent({ id: 3, direction: 'ingress', text: 'A 200\n' }),
];
const causesOf = (spans: readonly Span[]): number => spans.flatMap(({ causes }) => causes).length;

describe('what befalls packets does not concern sockets', () => {
  test.each<[string, (agent: BothSources) => void]>([
    ['lost packets', (agent) => agent.packets(2, { losses: [{ reason: 'packets_dropped', count: 9 }] })],
    ['a lost batch', (agent) => agent.packets(20)],
    [
      'another count of batches',
      (agent) => agent.packets(2, { segments: [aSegment({ id: 2 ** 52 + 1, text: 'Q a 1\n' })] }),
    ],
  ])('%s: a call in flight keeps its cause', (_, befall) => {
    const agent = new BothSources();
    agent.packets(1, { segments: [aSegment({ id: 2 ** 52, flowId: 3, text: 'Q a 1\n' })] });
    agent.sockets(1, { events: [request] });
    befall(agent);
    expect(causesOf(agent.sockets(2, { events: callAndResponse }))).toBe(1);
  });

  test('lost events take the cause of a call in flight, and nothing from packets', () => {
    const agent = new BothSources();
    agent.sockets(1, { events: [request] });
    agent.packets(1, { segments: [aSegment({ id: 2 ** 52, text: 'Q a 1\n' })] });
    expect(causesOf(agent.sockets(5, { events: callAndResponse }))).toBe(0);
    const answer = aSegment({ id: 2 ** 52 + 1, fromClient: false, text: 'A 200\n' });
    expect(agent.packets(2, { segments: [answer] })).toMatchObject([{ signalSource: 'packet', status: 'ok' }]);
  });
});

test('both sources may count the same numbers; a batch of either that is sent twice counts once', () => {
  const agent = new BothSources();
  const segments = [aSegment({ id: 2 ** 52, text: 'Q a 1\n' })];
  const flows = [aFlowInterval()];
  agent.sockets(1, { events: [request] });
  agent.packets(1, { segments, flows });
  expect(agent.stage.accounting().dropped['duplicate']).toBe(0);
  agent.packets(1, { segments, flows });
  agent.packets(2, { flows });
  agent.packets(2, { flows });
  expect(agent.stage.accounting().dropped['duplicate']).toBe(3);
});

describe('a source that has ended', () => {
  test('keeps nothing buffered when the other goes on for a minute', () => {
    const agent = new BothSources();
    agent.packets(1, { segments: [aSegment({ id: 2 ** 52, text: 'Q a 1\n', timeOffsetNs: 0 })], untilOffsetNs: 0 });
    for (let sequence = 1; sequence <= 61; sequence++) {
      expect(agent.sockets(sequence, { untilOffsetNs: sequence * second })).toEqual([]);
      expect(agent.stage.lowWatermark(source)).toBe(0);
    }
    const spans = agent.sockets(62, { untilOffsetNs: 62 * second });
    expect(spans).toMatchObject([{ signalSource: 'packet', status: 'unknown' }]);
    expect(agent.stage.lowWatermark(source)).toBeUndefined();
    expect(agent.stage.accounting().buffered).toBe(0);
  });

  test('holds the event time of the agent for five seconds of its clock, however its time of day is set', () => {
    const agent = new BothSources();
    const hour = 3_600n * 1_000_000_000n;
    const { baseTimeNs } = anEventBatch();
    agent.packets(1, { untilOffsetNs: 0 });
    const times: number[] = [];
    for (let sequence = 1; sequence <= 7; sequence++) {
      agent.sockets(sequence, { baseTimeNs: baseTimeNs + hour, untilOffsetNs: sequence * second });
      times.push(Number(agent.watermarkNs - baseTimeNs));
    }
    const later = Number(hour);
    expect(times).toEqual([0, 0, 0, 0, 0, 0, later + 7 * second]);
  });

  test('is not one that was heard meanwhile', () => {
    const agent = new BothSources();
    agent.packets(1, { segments: [aSegment({ id: 2 ** 52, text: 'Q a 1\n', timeOffsetNs: 0 })], untilOffsetNs: 0 });
    for (let sequence = 1; sequence <= 200; sequence++) {
      agent.sockets(sequence, { untilOffsetNs: sequence * second });
      // It is behind, but it goes on.
      if (sequence % 10 === 0) agent.packets(1 + sequence / 10, { untilOffsetNs: sequence });
    }
    expect(agent.stage.accounting().buffered).toBe(1);
  });
});

test('a host that was started anew has the requests of both sources time out by its new clock', () => {
  const agent = new BothSources();
  const day = 86_400 * second;
  for (let sequence = 1; sequence <= 3; sequence++) {
    agent.sockets(sequence, { untilOffsetNs: 0, baseMonotonicNs: 30 * day + sequence });
    agent.packets(sequence, { untilOffsetNs: 0, baseMonotonicNs: 30 * day + sequence });
  }
  agent.sockets(1, { untilOffsetNs: 0 });
  agent.packets(1, { untilOffsetNs: 0 });
  agent.sockets(2, { untilOffsetNs: 0, events: [anEvent({ id: 9, direction: 'egress', text: 'Q a 1\n' })] });
  agent.packets(2, { untilOffsetNs: 0, segments: [aSegment({ id: 2 ** 52, text: 'Q a 1\n' })] });
  expect(agent.sockets(3, { untilOffsetNs: 30 * second }).map(({ status }) => status)).toEqual(['timeout']);
  expect(agent.packets(3, { untilOffsetNs: 30 * second }).map(({ status }) => status)).toEqual(['timeout']);
});
