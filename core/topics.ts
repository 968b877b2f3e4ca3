/** Topics of the pipeline, without the configured prefix (`spanloom.` by default). */
export const topics = ['events', 'resources', 'spans', 'linked', 'traces', 'dead-letter'] as const;
export type Topic = (typeof topics)[number];

/** Topics that keep the newest message of each key: gaps between their offsets are no loss. */
export const compactedTopics: readonly string[] = ['resources' satisfies Topic];

/** Topic of traces in OTLP, there only when it is switched on: a full name that gets no prefix, since readers that are not ours expect it. */
export const defaultOtlpTopic = 'otlp_spans';
