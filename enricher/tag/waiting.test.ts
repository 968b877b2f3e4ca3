import { describe, expect, test } from 'vitest';
import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { imbalance } from '../../core/stage/accounting.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { type EventBatch, type SocketEvent, writeEventBatch } from '../../schemas/generated/event-batch.ts';
import { type Resource, writeResource } from '../../schemas/generated/resource.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { readSpanBatch } from '../../schemas/generated/span-batch.ts';
import { createEnricher, type Enricher } from '../stage.ts';
import { anEvent, anEventBatch, aProcess } from '../../schemas/testing/an-event.ts';
import { lineDissector } from '../testing/line-protocol.ts';
import { aResource } from '../../schemas/testing/a-resource.ts';
import { testConfig } from '../testing/run-agent.ts';

const source = { topic: 'events', partition: 0 };
const baseTimeNs = 1_700_000_000_000_000_000n;
const second = 1e9;

const create = (config: Partial<typeof testConfig> = {}): Enricher =>
  createEnricher({ ...testConfig, ...config }, { dissectors: [lineDissector] });

function batch(given: Partial<EventBatch>, offset: number): ReceivedMessage {
  const processes = offset === 0 ? [aProcess({ podUid: 'a' })] : [];
  const whole = anEventBatch({ sequence: offset + 1, untilOffsetNs: 0, processes, ...given });
  const { key, headers, value } = outgoingMessage('events', '5', 'EventBatch', encodeValue(whole, writeEventBatch));
  return { ...source, offset, timestampMs: 1_700_000_000_000, key, value: value as Buffer, headers: headers ?? {} };
}

function learn(stage: Enricher, given: Partial<Resource>, timestampMs = 1_700_000_000_000): void {
  const whole = aResource({ validFromNs: baseTimeNs, ...given });
  const key = `${whole.kind}:${whole.uid}@${whole.validFromNs}`;
  const { headers, value } = outgoingMessage('resources', key, 'Resource', encodeValue(whole, writeResource));
  stage.learn({
    ...{ topic: 'resources', partition: 0, offset: 0, timestampMs, key },
    ...{ value: value as Buffer, headers: headers ?? {} },
  });
}

const spansOf = (outputs: readonly OutgoingMessage[]): readonly Span[] =>
  outputs.flatMap(({ value }) => readSpanBatch(new AvroReader(Buffer.from(value))).spans);

/** A call and its response on one socket. */
const exchange = (id: number, given: Partial<SocketEvent> = {}): readonly SocketEvent[] => [
  anEvent({ id, direction: 'egress', text: 'Q a 1\n', socketId: id, ...given }),
  anEvent({ id: id + 1, direction: 'ingress', text: 'A 200\n', socketId: id, ...given }),
];

const cluster: Partial<Resource> = {
  ...{ kind: 'cluster', id: 1, uid: 'c' },
  networks: [{ address: Uint8Array.of(10, 0, 0, 0), prefixLength: 16 }],
};
const inCluster = { parents: [{ kind: 'cluster', id: 1, uid: '' }] } as const;
const other: Partial<Resource> = { kind: 'pod', id: 9, uid: 'other', ...inCluster };
const own: Partial<Resource> = { kind: 'pod', id: 1, uid: 'a', ...inCluster };
const peer: Partial<Resource> = { kind: 'pod', id: 2, uid: 'b', addresses: [Uint8Array.of(10, 0, 0, 2)], ...inCluster };

function waiting(config: Partial<typeof testConfig> = {}): Enricher {
  const stage = create(config);
  learn(stage, cluster);
  learn(stage, other);
  expect(spansOf(stage.process(batch({ events: exchange(1) }, 0), 0))).toEqual([]);
  return stage;
}

describe('a span of a pod that is not known yet', () => {
  test('waits, counts as buffered and keeps its batch from being passed', () => {
    const stage = waiting();
    expect(stage.accounting()).toMatchObject({ received: 2, buffered: 2, emitted: 0 });
    expect(stage.lowWatermark(source)).toBe(0);
  });

  test('goes out with its pod once that is learned, and its peer too', () => {
    const stage = waiting();
    learn(stage, own);
    // Now that its own scope is known, so is where its peer is: that is awaited as well.
    expect(spansOf(stage.flush(0))).toEqual([]);
    learn(stage, peer);
    const [span] = spansOf(stage.flush(0));
    expect(span).toMatchObject({ client: { podId: 1 }, server: { podId: 2 } });
    expect(stage.accounting()).toMatchObject({ buffered: 0, emitted: 2 });
    expect(stage.lowWatermark(source)).toBeUndefined();
    expect(stage.flush(0)).toEqual([]);
    expect(stage.diagnostics()).toMatchObject({ waited: 1, found: 1, expired: 0 });
  });

  test('is not woken by what has nothing to do with it', () => {
    const stage = waiting();
    learn(stage, peer);
    expect(stage.flush(0)).toEqual([]);
    expect(stage.accounting().buffered).toBe(2);
  });

  test('goes out as it is after the wait, by the clock of its agent', () => {
    const stage = waiting();
    expect(stage.flush(1e15)).toHaveLength(1);
    const again = waiting();
    expect(spansOf(again.process(batch({ untilOffsetNs: 5 * second - 1 }, 1), 0))).toEqual([]);
    const [span] = spansOf(again.process(batch({ untilOffsetNs: 5 * second + 1000 }, 2), 0));
    expect(span).toMatchObject({ client: { podId: 0, processResourceId: 7 } });
    expect(again.accounting()).toMatchObject({ buffered: 0, emitted: 2 });
  });

  test('is not waited for again for a while once that was in vain, and then it is', () => {
    const stage = waiting();
    stage.process(batch({ untilOffsetNs: 6 * second }, 1), 0);
    const late = (id: number, offset: number, atNs: number): readonly Span[] =>
      spansOf(stage.process(batch({ events: exchange(id, { timeOffsetNs: atNs }), untilOffsetNs: atNs }, offset), 0));
    expect(late(11, 2, 7 * second)).toHaveLength(1);
    expect(late(21, 3, 60 * second)).toHaveLength(1);
    expect(late(31, 4, 61 * second)).toHaveLength(0);
  });

  test('goes out at once where waiting is switched off or nothing is known of pods', () => {
    const off = create({ tagWait: 0 });
    learn(off, other);
    expect(spansOf(off.process(batch({ events: exchange(1) }, 0), 0))).toHaveLength(1);
    expect(spansOf(create().process(batch({ events: exchange(1) }, 0), 0))).toHaveLength(1);
  });

  test('goes out at the end of the input', () => {
    const stage = waiting();
    expect(spansOf(stage.drain())).toHaveLength(1);
    expect(stage.accounting().buffered).toBe(0);
  });

  test('is forgotten and counted with its partition, and learning of its pod then does nothing', () => {
    const stage = waiting();
    stage.revoke([source]);
    expect(stage.accounting()).toMatchObject({ buffered: 0, dropped: { revoked: 2 } });
    learn(stage, own);
    expect(stage.flush(0)).toEqual([]);
    expect(imbalance(stage.accounting())).toBe(0);
  });

  test('makes room for newer ones where too many wait', () => {
    const stage = waiting({ maxTagWaiting: 1 });
    const spans = spansOf(stage.process(batch({ events: exchange(11) }, 1), 0));
    expect(spans.map(({ requestEventId }) => requestEventId)).toEqual([1]);
    expect(stage.diagnostics()).toMatchObject({ overflowed: 1 });
    expect(stage.accounting()).toMatchObject({ buffered: 2, emitted: 2 });
  });

  test('is not lost when the pod is known after a restart, which suppresses what went out before', () => {
    const before = waiting();
    const first = batch({ events: exchange(1) }, 0);
    expect(before.lowWatermark(source)).toBe(0);
    const after = create();
    after.assign?.([{ ...source, offset: 0, emittedBelow: 1 }]);
    for (const known of [cluster, other, own, peer]) learn(after, known);
    // What this returns goes nowhere.
    expect(spansOf(after.process(first, 0))).toEqual([]);
    expect(spansOf(after.flush(0))).toMatchObject([{ client: { podId: 1 }, server: { podId: 2 } }]);
  });

  test('is not repeated after a restart when its pod was known long before', () => {
    const after = create();
    after.assign?.([{ ...source, offset: 0, emittedBelow: 1 }]);
    for (const known of [cluster, other, own, peer]) learn(after, known, 1_699_999_000_000);
    expect(spansOf(after.process(batch({ events: exchange(1) }, 0), 0))).toHaveLength(1);
    expect(after.flush(0)).toEqual([]);
  });
});
