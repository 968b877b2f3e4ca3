/** Topics of the pipeline, without the configured prefix (`spanloom.` by default). */
export const topics = [
  'events',
  'agent-resources',
  'resources',
  'resource-ids',
  'spans',
  'linked',
  'traces',
  'dead-letter',
] as const;
export type Topic = (typeof topics)[number];

/** Topics that keep the newest message of each key: gaps between their offsets are no loss. */
export const compactedTopics: readonly string[] = ['resources', 'agent-resources'] satisfies readonly Topic[];

/** Topics whose order as a whole is what they tell: one partition, and nothing is ever removed. */
export const orderedTopics: readonly string[] = ['resource-ids' satisfies Topic];

/** Topics that lead from one stage to the next, never back: a writer may wait for the readers. */
export const chainTopics: readonly string[] = ['events', 'spans', 'traces'] satisfies readonly Topic[];

/** Topic of traces in OTLP, there only when it is switched on: a full name that gets no prefix, since readers that are not ours expect it. */
export const defaultOtlpTopic = 'otlp_spans';

/** What a prefix of topics and groups may be. */
export const topicPrefixRule = {
  pattern: /^[a-zA-Z0-9._-]{1,100}$/,
  patternText: 'letters, digits, dots, hyphens or underscores',
} as const;

/** Topics from which a second run can begin: `spanloom replay-range`. */
export const replayableTopics = ['events', 'spans', 'traces'] as const satisfies readonly Topic[];
