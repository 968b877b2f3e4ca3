import { printConfig } from '../../core/config/print-config.ts';
import { UsageError } from '../exit-codes.ts';
import { loadSettings, sections } from '../settings.ts';
import { stageNames, type StageName } from '../stage-names.ts';

/** What a stage reads besides its own settings. */
const furtherSections: Readonly<Record<StageName, readonly (keyof typeof sections)[]>> = {
  collector: ['bus', 'schemaRegistry'],
  resources: ['bus', 'schemaRegistry', 'kubernetes', 'cloud', 'cloudAws'],
  enricher: ['bus', 'schemaRegistry'],
  correlator: ['bus', 'schemaRegistry'],
  sink: ['bus', 'schemaRegistry', 'clickHouse', 'otlpSink'],
  query: ['clickHouse'],
};

/** Prints the settings in effect, all or those that one stage reads; secrets are not shown. */
export function printStageConfig(stage: string | undefined): void {
  const known = stageNames.find((name) => name === stage);
  if (stage !== undefined && known === undefined) {
    throw new UsageError(`There is no stage ${stage}; stages are ${stageNames.join(', ')}.`);
  }
  const settings = loadSettings();
  const wanted = known === undefined ? Object.keys(sections) : ['shared', known, ...furtherSections[known]];
  const shown = Object.fromEntries(Object.entries(sections).filter(([name]) => wanted.includes(name)));
  process.stdout.write(printConfig(shown, settings));
}
