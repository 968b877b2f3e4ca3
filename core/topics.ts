/** Topics of the pipeline, without the configured prefix (`spanloom.` by default). */
export const topics = ['events', 'resources', 'spans', 'traces', 'dead-letter'] as const;
export type Topic = (typeof topics)[number];
