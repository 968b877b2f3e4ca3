/** What has to change on Kafka so that topics are as they should be: computed without doing it. */
import type { TopicSettings } from '../bus.ts';

/** A topic as Kafka has it. */
export interface PresentTopic {
  readonly partitions: number;
  /** Settings that are made for this topic, apart from the broker's. */
  readonly overrides: ReadonlyMap<string, string>;
}

/** One difference. */
export type TopicChange =
  | {
      readonly kind: 'create';
      readonly topic: string;
      readonly partitions: number;
      readonly replicationFactor: number;
      readonly overrides: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'grow'; readonly topic: string; readonly from: number; readonly to: number }
  | {
      readonly kind: 'alter';
      readonly topic: string;
      readonly changes: readonly { readonly name: string; readonly from: string | undefined; readonly to: string }[];
      /** All settings of the topic afterwards, those of others among them: Kafka replaces them as a whole. */
      readonly overrides: ReadonlyMap<string, string>;
    };

/** What our topics need besides their own settings. */
export interface TopicRules {
  readonly replicationFactor: number;
  readonly maxMessageBytes: number;
}

/** Settings of a topic, in Kafka's names. */
function overridesOf(wanted: TopicSettings, rules: TopicRules): ReadonlyMap<string, string> {
  return new Map([
    ['cleanup.policy', wanted.compacted === true ? 'compact' : 'delete'],
    ['retention.ms', String(wanted.retentionMs ?? -1)],
    ['retention.bytes', String(wanted.retentionBytes ?? -1)],
    ['max.message.bytes', String(rules.maxMessageBytes)],
    // Stages measure durations by it, and Kafka's retention uses it: so the broker sets it, not the writer.
    ['message.timestamp.type', 'LogAppendTime'],
  ]);
}

/** The differences, in the order of `wanted`. Partitions only grow, and replicas are left as they are. */
export function planTopics(
  wanted: readonly TopicSettings[],
  present: ReadonlyMap<string, PresentTopic>,
  rules: TopicRules,
): readonly TopicChange[] {
  return wanted.flatMap((settings): readonly TopicChange[] => {
    const { name: topic, partitions } = settings;
    const own = overridesOf(settings, rules);
    const there = present.get(topic);
    if (there === undefined)
      return [{ kind: 'create', topic, partitions, replicationFactor: rules.replicationFactor, overrides: own }];
    const changes: TopicChange[] = [];
    if (partitions > there.partitions) changes.push({ kind: 'grow', topic, from: there.partitions, to: partitions });
    const different = [...own].filter(([name, value]) => there.overrides.get(name) !== value);
    if (different.length > 0)
      changes.push({
        kind: 'alter',
        topic,
        changes: different.map(([name, to]) => ({ name, from: there.overrides.get(name), to })),
        overrides: new Map([...there.overrides, ...own]),
      });
    return changes;
  });
}

/** One line for people. */
export function describeChange(change: TopicChange): string {
  switch (change.kind) {
    case 'create': {
      const settings = [...change.overrides].map(([name, value]) => `${name}=${value}`).join(' ');
      return `+ ${change.topic}: partitions=${change.partitions} replicas=${change.replicationFactor} ${settings}`;
    }
    case 'grow':
      return `~ ${change.topic}: partitions ${change.from} → ${change.to}`;
    case 'alter':
      return `~ ${change.topic}: ${change.changes
        .map(({ name, from, to }) => `${name} ${from ?? "(the broker's)"} → ${to}`)
        .join(', ')}`;
  }
}
