/** The topics of the pipeline. Which stage reads and writes each: `definition.ts` of the stage, by cli/stages.ts. */
import type { SchemaName } from '../schemas/generated/schemas.ts';

/** What holds for every message of a topic. */
export interface TopicDefinition {
  /** What the key of a message is: messages of one key keep their order. As docs/architecture.md says it. */
  readonly key: string;
  /** Avro schema of the values. */
  readonly schema: SchemaName;
  /**
   * How old messages are removed, in Kafka's terms: `delete` after SPANLOOM_BUS_RETENTION; `compact` keeps the newest message
   * of each key (gaps between offsets are no loss); `never` keeps everything, in one partition, since the order of the whole
   * topic counts.
   */
  readonly cleanup: 'delete' | 'compact' | 'never';
  /**
   * It leads from one stage to the next, never back. On the embedded log its writer waits for its readers, and
   * `spanloom replay-range` can begin from it.
   */
  readonly isPipeline: boolean;
}

/** Every topic by its name, without the configured prefix (`spanloom.` by default). A new topic is one entry here. */
export const topicDefinitions = {
  events: { key: 'agent id', schema: 'EventBatch', cleanup: 'delete', isPipeline: true },
  'agent-resources': {
    key: 'kind, uid and start of a version, a secret',
    schema: 'Resource',
    cleanup: 'compact',
    isPipeline: false,
  },
  resources: { key: 'kind, uid and start of a version', schema: 'Resource', cleanup: 'compact', isPipeline: false },
  'resource-ids': { key: 'kind', schema: 'ResourceIdClaim', cleanup: 'never', isPipeline: false },
  spans: { key: 'agent id', schema: 'SpanBatch', cleanup: 'delete', isPipeline: true },
  flows: { key: 'agent id', schema: 'FlowBatch', cleanup: 'delete', isPipeline: true },
  linked: { key: 'bucket', schema: 'LinkedBatch', cleanup: 'delete', isPipeline: false },
  traces: { key: 'trace id', schema: 'Trace', cleanup: 'delete', isPipeline: true },
  'stage-reports': { key: 'instance', schema: 'StageReport', cleanup: 'delete', isPipeline: false },
  'dead-letter': { key: 'topic of origin', schema: 'DeadLetter', cleanup: 'delete', isPipeline: false },
} as const satisfies Readonly<Record<string, TopicDefinition>>;

export type Topic = keyof typeof topicDefinitions;

/** Names of all topics. */
export const topics = Object.keys(topicDefinitions) as readonly Topic[];

/** Topics that keep the newest message of each key. */
export const compactedTopics: readonly string[] = topics.filter((name) => topicDefinitions[name].cleanup === 'compact');

type PipelineTopic = {
  [Name in Topic]: (typeof topicDefinitions)[Name]['isPipeline'] extends true ? Name : never;
}[Topic];

/** Topics from which a second run can begin: `spanloom replay-range`. */
export const replayableTopics = topics.filter((name): name is PipelineTopic => topicDefinitions[name].isPipeline);

/** Topic of traces in OTLP, there only when it is switched on: a full name that gets no prefix, since readers that are not ours expect it. */
export const defaultOtlpTopic = 'otlp_spans';

/** What a prefix of topics and groups may be. */
export const topicPrefixRule = {
  pattern: /^[a-zA-Z0-9._-]{1,100}$/,
  patternText: 'letters, digits, dots, hyphens or underscores',
} as const;
