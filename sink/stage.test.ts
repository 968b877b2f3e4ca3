import { describe, expect, it } from 'vitest';
import { imbalance } from '../core/stage/accounting.ts';
import { readDeadLetter } from '../schemas/generated/dead-letter.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { sinkStage } from './definition.ts';
import { rowCounts, SinkStage, type RowBatch, type SinkOutput } from './stage.ts';
import { rowsOf } from './testing/batch-rows.ts';
import { makeLoadTrace, resourceMessage, traceMessage } from './testing/traces.ts';
import { gatewayResource } from './testing/traces.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';

const newStage = (limits = {}): SinkStage =>
  new SinkStage({ maxRows: 16, maxBytes: 1_000_000, maxAgeMs: 300, ...limits });
const message = (number: number, partition = 0): ReturnType<typeof traceMessage> =>
  traceMessage(makeLoadTrace(number), number, { partition });

function onlyBatch(outputs: readonly SinkOutput[]): RowBatch {
  expect(outputs).toHaveLength(1);
  const [output] = outputs;
  if (output?.kind !== 'rows') throw new Error('not a batch');
  return output;
}

const countsOf = (batch: RowBatch): Readonly<Record<string, number>> => Object.fromEntries(rowCounts(batch));

it('has inputs for the topics that its definition reads in its consumer group', () => {
  const read = sinkStage.reads.filter(({ group }) => group === 'sink').map(({ topic }) => topic);
  expect([...newStage().topics].toSorted()).toEqual(read.toSorted());
});

describe('a batch', () => {
  it('leaves when it has enough rows, through flush only', () => {
    const stage = newStage();
    expect(stage.process(message(0), 0)).toEqual([]);
    expect(stage.flush(10)).toEqual([]);
    expect(stage.process(message(1), 10)).toEqual([]);
    expect(stage.accounting()).toMatchObject({ received: 16, emitted: 0, buffered: 16 });
    expect(countsOf(onlyBatch(stage.flush(20)))).toEqual({
      spans: 16,
      reported_span: 0,
      trace: 2,
      resource: 0,
      flow: 0,
      stage_report: 0,
    });
    expect(stage.accounting()).toMatchObject({ received: 16, emitted: 16, buffered: 0 });
    expect(stage.flush(10_000)).toEqual([]);
  });

  it('leaves when it is large enough', () => {
    const stage = newStage({ maxBytes: 1000 });
    stage.process(message(0), 0);
    expect(countsOf(onlyBatch(stage.flush(0)))).toMatchObject({ spans: 8 });
  });

  it('leaves when its first row is old enough, also when the clock was set back', () => {
    const stage = newStage();
    stage.process(message(0), 1000);
    expect(stage.flush(1299)).toEqual([]);
    expect(countsOf(onlyBatch(stage.flush(1300)))).toMatchObject({ spans: 8 });
    stage.process(message(1), 2000);
    expect(countsOf(onlyBatch(stage.flush(1999)))).toMatchObject({ spans: 8 });
  });

  it('leaves at the end of the input', () => {
    const stage = newStage();
    stage.process(message(0), 0);
    stage.process(resourceMessage(gatewayResource(), 0), 0);
    expect(countsOf(onlyBatch(stage.drain()))).toEqual({
      spans: 8,
      reported_span: 0,
      trace: 1,
      resource: 1,
      flow: 0,
      stage_report: 0,
    });
    expect(stage.drain()).toEqual([]);
  });

  it('of a trace without spans is still a row: the trace was merged into another', () => {
    const stage = newStage();
    stage.process(traceMessage(aTrace([], { mergedInto: 'b'.repeat(32) }), 0), 0);
    const batch = onlyBatch(stage.drain());
    expect(countsOf(batch)).toMatchObject({ spans: 0, trace: 1 });
    expect(rowsOf([batch], 'spans')).toEqual([]);
    expect(rowsOf([batch], 'trace')).toHaveLength(1);
  });

  it('is in few pieces, however many traces it has', () => {
    const stage = newStage({ maxRows: 1e6 });
    for (let number = 0; number < 300; number++) stage.process(message(number), 0);
    const batch = onlyBatch(stage.drain());
    const bytes = rowsOf([batch], 'spans').reduce((sum, piece) => sum + piece.length, 0);
    expect(bytes).toBeGreaterThan(1_000_000);
    expect(rowsOf([batch], 'spans').length).toBeLessThan(4);
  });
});

describe('positions', () => {
  it('hold at the oldest message of each partition that waits in the batch', () => {
    const stage = newStage();
    stage.process(message(7, 0), 0);
    stage.process(message(8, 0), 0);
    stage.process(message(3, 1), 0);
    expect(stage.lowWatermark({ topic: 'traces', partition: 0 })).toBe(7);
    expect(stage.lowWatermark({ topic: 'traces', partition: 1 })).toBe(3);
    expect(stage.lowWatermark({ topic: 'resources', partition: 0 })).toBeUndefined();
    stage.flush(1000);
    expect(stage.lowWatermark({ topic: 'traces', partition: 0 })).toBeUndefined();
  });

  it('that went to another instance take their rows along', () => {
    const stage = newStage();
    stage.process(message(7, 0), 0);
    stage.process(message(3, 1), 0);
    stage.revoke([{ topic: 'traces', partition: 0 }]);
    expect(stage.accounting()).toMatchObject({ received: 16, buffered: 8, dropped: { revoked: 8 } });
    expect(countsOf(onlyBatch(stage.drain()))).toMatchObject({ spans: 8 });
    expect(imbalance(stage.accounting())).toBe(0);
  });
});

describe('a message that cannot be read', () => {
  it('is not what a tombstone of a resource is', () => {
    const stage = newStage();
    const tombstone = resourceMessage(gatewayResource(), 4, { value: Buffer.alloc(0), headers: {} });
    expect(stage.process(tombstone, 0)).toEqual([]);
    expect(stage.drain()).toEqual([]);
    expect(stage.accounting()).toMatchObject({ received: 0, buffered: 0 });
    expect(stage.lowWatermark({ topic: 'resources', partition: 0 })).toBeUndefined();
  });

  it('goes to the dead letters at once, and the rest goes on', () => {
    const stage = newStage();
    const good = message(0);
    const bad = { ...message(1), value: good.value.subarray(0, good.value.length - 3) };
    const foreign = { ...message(2), headers: { schema: 'ffffffffffffffff' } };
    const [first] = stage.process(bad, 5);
    const [second] = stage.process(foreign, 6);
    stage.process(good, 7);
    for (const [output, reason, offset] of [
      [first, 'undecodable', 1],
      [second, 'unknown_schema', 2],
    ] as const) {
      if (output?.kind !== 'dead-letter') throw new Error('not a dead letter');
      const letter = readDeadLetter(new AvroReader(Buffer.from(output.message.value)));
      expect(letter).toMatchObject({ stage: 'sink', reason, topic: 'traces', offset });
    }
    const alone = newStage();
    alone.process(good, 7);
    expect(onlyBatch(stage.drain())).toEqual(onlyBatch(alone.drain()));
    expect(stage.accounting()).toMatchObject({
      received: 10,
      emitted: 8,
      rejected: { undecodable: 1, unknown_schema: 1 },
    });
    expect(imbalance(stage.accounting())).toBe(0);
  });
});
