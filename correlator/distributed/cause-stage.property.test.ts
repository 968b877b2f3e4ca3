import fc from 'fast-check';
import { expect, test } from 'vitest';
import { imbalance } from '../../core/stage/accounting.ts';
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { events, lasting } from '../testing/scenario.ts';
import { afterRequest, batchMessage, hexId, testConfig } from '../testing/span-messages.ts';
import { aSpan } from '../../schemas/testing/a-span.ts';
import { propertyRuns } from '../../schemas/testing/property-runs.ts';
import { wildBatches, wildMessages } from '../testing/wild-spans.ts';
import { type CauseOutput, CauseStage } from './cause-stage.ts';

const source = { topic: 'spans', partition: 0 };
const tight = { ...testConfig, maxSpans: 12 };

/** Span, and its parent where one is known. */
function linksOf(outputs: readonly CauseOutput[]): readonly string[] {
  return outputs.flatMap((output) =>
    output.kind === 'link' ? [`${output.span.spanId} ${output.cause?.parent.spanId ?? ''}`] : [],
  );
}

test('every span goes out, and all are accounted for at every moment', () => {
  fc.assert(
    fc.property(wildMessages, fc.constantFrom(testConfig, tight), (wild, config) => {
      const stage = new CauseStage(config);
      const outputs: CauseOutput[] = [];
      for (const message of wildBatches(wild)) {
        outputs.push(...stage.process(message, 0));
        expect(imbalance(stage.accounting())).toBe(0);
        expect(stage.accounting().buffered).toBeGreaterThanOrEqual(0);
      }
      outputs.push(...stage.drain());
      const { received, emitted, buffered, dropped } = stage.accounting();
      expect([buffered, received - emitted - dropped['duplicate']!]).toEqual([0, 0]);
      expect(stage.lowWatermark(source)).toBeUndefined();
      expect(stage.oldestPendingMs()).toBe(Infinity);
      const distinct = new Set(wild.flatMap(({ spans }) => spans.map(({ id }) => hexId(id))));
      expect(new Set(linksOf(outputs).map((link) => link.slice(0, 16)))).toEqual(distinct);
    }),
    { numRuns: propertyRuns(400) },
  );
});

test('after a restart the same goes out, but for what was acknowledged', () => {
  const withinWindow = wildMessages.filter(
    (wild) => wild.reduce((sum, { stepMs }) => sum + stepMs, 0) < testConfig.lateMs,
  );
  fc.assert(
    fc.property(withinWindow, fc.nat(), (wild, at) => {
      const messages: readonly ReceivedMessage[] = wildBatches(wild);
      const crash = at % (messages.length + 1);
      const whole = new CauseStage(testConfig);
      const before = messages.slice(0, crash).flatMap((message) => whole.process(message, 0));
      const from = whole.lowWatermark(source) ?? crash;
      const after = new CauseStage(testConfig);
      for (const message of messages.slice(from, crash)) after.process(message, 0);
      const rest = (stage: CauseStage): readonly string[] =>
        linksOf([...messages.slice(crash).flatMap((message) => stage.process(message, 0)), ...stage.drain()]);
      const restarted = rest(after);
      expect(restarted).toEqual(rest(whole));
      expect(linksOf(before).length + restarted.length).toBeGreaterThanOrEqual(whole.accounting().emitted);
    }),
    { numRuns: propertyRuns(300) },
  );
});

test('what is revoked is forgotten, and no longer buffered', () => {
  fc.assert(
    fc.property(wildMessages, (wild) => {
      const stage = new CauseStage(testConfig);
      for (const message of wildBatches(wild)) stage.process(message, 0);
      stage.revoke([source]);
      expect(imbalance(stage.accounting())).toBe(0);
      expect(stage.accounting().buffered).toBe(0);
      expect(stage.lowWatermark(source)).toBeUndefined();
      expect([...stage.linkedAlready()]).toEqual([]);
      expect(linksOf(stage.drain())).toEqual([]);
    }),
    { numRuns: propertyRuns(100) },
  );
});

test('a cause that is found when a span is read again and linked already has to be linked too', () => {
  const stage = new CauseStage(testConfig);
  const server = aSpan({ spanId: hexId(1), observationPoint: 's-p', ...lasting(0, 9), ...events(1, 8) });
  const call = aSpan({ spanId: hexId(2), ...lasting(2, 6), ...events(3, 6), causes: [afterRequest(server)] });
  stage.process(batchMessage(0, 10, [call]), 0);
  stage.process(batchMessage(1, 20_000, [], { agentId: 1 }), 0);
  expect([...stage.unlinked].map(({ spanId }) => spanId)).toEqual([call.spanId]);
  stage.noteLinked([...stage.unlinked]);
  stage.process(batchMessage(2, 20_000, [server]), 0);
  const outputs = stage.process(batchMessage(3, 40_000, [], { agentId: 1 }), 0);
  expect(linksOf(outputs)).toEqual([`${server.spanId} `, `${call.spanId} ${server.spanId}`]);
  expect([...stage.unlinked].map(({ spanId }) => spanId)).toContain(call.spanId);
});
