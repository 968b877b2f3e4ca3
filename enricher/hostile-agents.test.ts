import { describe, expect, test } from 'vitest';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import { decodeValue } from '../core/codec.ts';
import { imbalance } from '../core/stage/accounting.ts';
import type { EventBatch, SocketEvent } from '../schemas/generated/event-batch.ts';
import type { Span } from '../schemas/generated/span.ts';
import { readSpanBatch } from '../schemas/generated/span-batch.ts';
import type { EnricherConfig } from './config.ts';
import { createEnricher, type Enricher } from './stage.ts';
import { anEvent } from '../schemas/testing/an-event.ts';
import { eventMessage } from './testing/event-message.ts';
import { lineDissector } from './testing/line-protocol.ts';
import { testConfig } from './testing/run-agent.ts';

/** What someone does who may write to the topic `events` in any agent's name. */

const source = { topic: 'events', partition: 0 };
const second = 1_000_000_000;

function spansOf(outputs: readonly OutgoingMessage[]): readonly Span[] {
  return outputs.flatMap(({ headers, value }) => {
    const decoded = decodeValue('SpanBatch', { headers: headers ?? {}, value: value as Buffer }, readSpanBatch);
    return decoded.kind === 'ok' ? decoded.value.spans : [];
  });
}

const call = (id: number, given: Partial<SocketEvent> = {}): SocketEvent =>
  anEvent({ id, direction: 'egress', text: 'Q a 1\n', ...given });
const response = (id: number, given: Partial<SocketEvent> = {}): SocketEvent =>
  anEvent({ id, direction: 'ingress', text: 'A 200\n', ...given });

class Bus {
  readonly stage: Enricher;
  private offset = 0;

  constructor(config: Partial<EnricherConfig> = {}) {
    this.stage = createEnricher({ ...testConfig, ...config }, { dissectors: [lineDissector] });
  }

  /** A batch that the bus accepts a second after the one before. */
  send(batch: Partial<EventBatch>, partition = 0, nowMs = 0): readonly Span[] {
    const offset = this.offset++;
    const timestampMs = 1_700_000_000_000 + offset * 1000;
    return spansOf(this.stage.process(eventMessage(batch, { offset, partition, timestampMs }), nowMs));
  }
}

describe('a batch in the name of an agent', () => {
  /** An agent with a call in each batch; after half of them, something else is written in its name. */
  function spansAround(forged: Partial<EventBatch>): readonly string[] {
    const bus = new Bus();
    const ids: string[] = [];
    for (let sequence = 1; sequence <= 40; sequence++) {
      if (sequence === 21) bus.send(forged);
      const id = 2 * sequence;
      const events = [call(id), response(id + 1)];
      ids.push(...bus.send({ sequence, events }).map(({ spanId }) => spanId));
    }
    expect(imbalance(bus.stage.accounting())).toBe(0);
    expect(bus.stage.accounting().dropped['duplicate']).toBe(0);
    return ids;
  }

  const honest = spansAround({ agentId: 99, events: [] });
  const stray = anEvent({ id: 2 ** 52, kind: 'close', socketId: 999 });

  test.each([
    ['with an event id and a number far away', { sequence: 2 ** 40, events: [stray] }],
    ['with the next number', { sequence: 21, events: [stray] }],
    ['with the number before', { sequence: 20, events: [stray] }],
    ['far ahead of time', { sequence: 2 ** 40, untilOffsetNs: 2 ** 52, events: [stray] }],
    ['with the next number, far ahead of time', { sequence: 21, untilOffsetNs: 2 ** 52, events: [stray] }],
    ['without events, far ahead of time', { sequence: 21, untilOffsetNs: 2 ** 52, events: [] }],
    ['far behind', { sequence: 2 ** 40, baseMonotonicNs: -(2 ** 52), events: [stray] }],
  ])('%s takes no span from it', (_, forged) => {
    expect(honest).toHaveLength(40);
    expect(spansAround(forged)).toEqual(honest);
  });

  test.each([
    ['of another course', 2 ** 40],
    ['with the next number', 2],
  ])('%s, far ahead of time, ends no open request, and what it opened itself ends soon', (_, sequence) => {
    const bus = new Bus();
    bus.send({ sequence: 1, events: [call(1, { socketId: 1 })], untilOffsetNs: 1_000 });
    const late = call(2 ** 40, { socketId: 2, timeOffsetNs: 2 ** 52 });
    expect(bus.send({ sequence, events: [late], untilOffsetNs: 2 ** 52 })).toEqual([]);
    const after = bus.send({ sequence: 2, events: [response(3, { socketId: 1 })], untilOffsetNs: second });
    expect(after.map(({ status }) => status)).toContain('ok');
    bus.send({ sequence: 3, untilOffsetNs: 5 * second });
    bus.send({ sequence: 4, untilOffsetNs: 10 * second });
    expect(bus.stage.lowWatermark(source)).toBeUndefined();
    expect(bus.stage.accounting().buffered).toBe(0);
  });

  test('on another partition is of another agent: what is buffered keeps its offset', () => {
    const bus = new Bus();
    bus.send({ sequence: 1, events: [call(1)] });
    bus.send({ sequence: 2, events: [call(2, { socketId: 2 })] }, 1);
    expect(bus.stage.lowWatermark(source)).toBe(0);
    expect(bus.stage.lowWatermark({ ...source, partition: 1 })).toBe(1);
    bus.stage.revoke([{ ...source, partition: 1 }]);
    expect(bus.stage.lowWatermark(source)).toBe(0);
  });
});

test('a host that was started anew has its requests time out by its new clock', () => {
  const bus = new Bus();
  const day = 86_400 * second;
  for (let sequence = 1; sequence <= 3; sequence++) bus.send({ sequence, untilOffsetNs: 30 * day + sequence });
  bus.send({ sequence: 1, untilOffsetNs: second });
  bus.send({ sequence: 2, untilOffsetNs: 2 * second, events: [call(1, { timeOffsetNs: 2 * second })] });
  expect(bus.send({ sequence: 3, untilOffsetNs: 2 * second + 1 })).toEqual([]);
  expect(bus.send({ sequence: 4, untilOffsetNs: 30 * second }).map(({ status }) => status)).toEqual(['timeout']);
});

describe('many ids', () => {
  test('push out one another, and not an agent that has long been there', () => {
    const bus = new Bus({ maxAgents: 100 });
    for (let sequence = 1; sequence <= 10; sequence++) bus.send({ agentId: 1, sequence });
    bus.send({ agentId: 1, sequence: 11, events: [call(1)] });
    for (let agentId = 1000; agentId < 3000; agentId++) bus.send({ agentId, sequence: 1, events: [call(1)] });
    expect(bus.stage.agentCounts()).toMatchObject({ followed: 100, evicted: 1901 });
    const ended = spansOf(bus.stage.flush(0));
    expect(ended).toHaveLength(1901);
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['unknown']));
    expect(bus.stage.accounting()).toMatchObject({ buffered: 100, emitted: 1901 });
    expect(imbalance(bus.stage.accounting())).toBe(0);
    expect(bus.stage.lowWatermark(source)).toBe(10);
    expect(bus.send({ agentId: 1, sequence: 12, events: [response(2)] })).toHaveLength(1);
  });

  test('however often each is heard, leave room for newcomers and bound their number', () => {
    const bus = new Bus({ maxAgents: 16 });
    for (let sequence = 1; sequence <= 12; sequence++)
      for (let agentId = 1; agentId <= 16; agentId++) bus.send({ agentId, sequence });
    expect(bus.stage.agentCounts()).toMatchObject({ followed: 16, evicted: 0 });
    for (let agentId = 100; agentId < 110; agentId++) bus.send({ agentId, sequence: 1 });
    expect(bus.stage.agentCounts()).toMatchObject({ followed: 16, evicted: 10 });
  });

  test('cost nothing between batches while they are silent', () => {
    const visits = (count: number): number => {
      const bus = new Bus({ maxAgents: 10_000 });
      for (let agentId = 1; agentId <= count; agentId++) bus.send({ agentId, sequence: 1, events: [call(1)] });
      bus.stage.flush(1);
      const before = bus.stage.agentCounts().visited;
      for (let turn = 0; turn < 50; turn++) bus.stage.flush(2);
      return bus.stage.agentCounts().visited - before;
    };
    expect(visits(2_000)).toBe(visits(20));
  });

  test('are forgotten after silence, all of them', () => {
    const bus = new Bus();
    for (let agentId = 1; agentId <= 50; agentId++) bus.send({ agentId, sequence: 1, events: [call(1)] }, 0, agentId);
    bus.stage.flush(testConfig.agentSilence + 25);
    expect(bus.stage.agentCounts().followed).toBe(25);
    expect(bus.stage.accounting()).toMatchObject({ buffered: 25, emitted: 25 });
  });
});

test('what is kept of all agents together is bounded: those that have the most lose their oldest', () => {
  const bus = new Bus({ maxEntries: 2_000 });
  const opening = (agentId: number, sequence: number, count: number): void => {
    const events = Array.from({ length: count }, (_, index) => {
      const id = sequence * 1000 + index;
      return call(id, { socketId: id, timeOffsetNs: sequence * 1000 + index });
    });
    bus.send({ agentId, sequence, events });
  };
  opening(1, 1, 10);
  for (let sequence = 1; sequence <= 10; sequence++) for (const agentId of [2, 3, 4]) opening(agentId, sequence, 100);
  const { buffered, dropped } = bus.stage.accounting();
  expect(buffered).toBeLessThan(1_000);
  expect(buffered).toBeGreaterThan(800);
  expect(dropped['evicted']).toBe(3_010 - buffered);
  expect(imbalance(bus.stage.accounting())).toBe(0);
  expect(bus.stage.agentCounts().shrunk).toBeGreaterThan(0);
  const answers = Array.from({ length: 10 }, (_, index) => response(5000 + index, { socketId: 1000 + index }));
  expect(bus.send({ agentId: 1, sequence: 2, events: answers })).toHaveLength(10);
});
