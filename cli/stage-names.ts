/** The stages, in the order of the data. */
export const stageNames = ['collector', 'resources', 'enricher', 'correlator', 'sink', 'query'] as const;
export type StageName = (typeof stageNames)[number];
