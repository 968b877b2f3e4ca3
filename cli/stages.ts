/** The stages there are. A new stage is a definition and a line in this list; everything else iterates over it. */
import { collectorStage } from '../collector/definition.ts';
import { resourcesStage } from '../collector/resources/definition.ts';
import { mergedSections } from '../core/config/merged-sections.ts';
import type { StageDefinition } from '../core/stage/stage-definition.ts';
import { correlatorStage } from '../correlator/definition.ts';
import { enricherStage } from '../enricher/definition.ts';
import { queryStage } from '../query/definition.ts';
import { sinkStage } from '../sink/definition.ts';

/** In the order of the data. */
const definitions = [collectorStage, resourcesStage, enricherStage, correlatorStage, sinkStage, queryStage] as const;

export type StageName = (typeof definitions)[number]['name'];

/** The stages, in the order of the data. */
export const stages: readonly StageDefinition<StageName>[] = definitions;

export const stageNames: readonly StageName[] = stages.map(({ name }) => name);

/** Settings of all stages, by the names that their definitions give them. */
export const stageSections = mergedSections(definitions);

/** A stage by its name. */
export function stageOf(name: StageName): StageDefinition<StageName> {
  return stages.find((stage) => stage.name === name)!;
}
