import { expect, test } from 'vitest';
import { describeChange, planTopics } from './topic-plan.ts';

const rules = { replicationFactor: 3, maxMessageBytes: 1_000 };
const overrides = new Map([
  ['cleanup.policy', 'delete'],
  ['retention.ms', '60000'],
  ['retention.bytes', '-1'],
  ['max.message.bytes', '1000'],
  ['message.timestamp.type', 'LogAppendTime'],
  ['segment.bytes', '5'],
]);
const wanted = { name: 'p.events', partitions: 4, retentionMs: 60_000 };

test('a topic that is as it should be needs no change, whatever others set for it', () => {
  expect(planTopics([wanted], new Map([['p.events', { partitions: 4, overrides }]]), rules)).toEqual([]);
});

test('partitions never shrink', () => {
  expect(planTopics([wanted], new Map([['p.events', { partitions: 9, overrides }]]), rules)).toEqual([]);
});

test('every difference is shown with what it was and what it becomes', () => {
  const present = new Map([['p.events', { partitions: 2, overrides: new Map([['retention.ms', '5']]) }]]);
  expect(planTopics([wanted], present, rules).map(describeChange)).toEqual([
    '~ p.events: partitions 2 → 4',
    "~ p.events: cleanup.policy (the broker's) → delete, retention.ms 5 → 60000, retention.bytes (the broker's) → -1, max.message.bytes (the broker's) → 1000, message.timestamp.type (the broker's) → LogAppendTime",
  ]);
});

test('a change keeps the settings that others made, because Kafka replaces all of them', () => {
  const present = new Map([['p.events', { partitions: 4, overrides: new Map([...overrides, ['retention.ms', '5']]) }]]);
  const [change] = planTopics([wanted], present, rules);
  expect(change?.kind === 'alter' && change.overrides).toEqual(overrides);
});

test('a missing topic is created with its settings', () => {
  const [change] = planTopics([{ ...wanted, compacted: true }], new Map(), rules);
  expect(describeChange(change!)).toBe(
    '+ p.events: partitions=4 replicas=3 cleanup.policy=compact retention.ms=60000 retention.bytes=-1 max.message.bytes=1000 message.timestamp.type=LogAppendTime',
  );
});
