import { printConfig } from '../../core/config/print-config.ts';
import { UsageError } from '../process/exit-codes.ts';
import { loadSettings, sections, storeSections } from '../settings.ts';
import { stageNames, stages } from '../stages.ts';

/** Prints the settings in effect, all or those that one stage reads; secrets are not shown. */
export function printStageConfig(stage: string | undefined): void {
  const known = stages.find(({ name }) => name === stage);
  if (stage !== undefined && known === undefined) {
    throw new UsageError(`There is no stage ${stage}; stages are ${stageNames.join(', ')}.`);
  }
  const settings = loadSettings();
  if (known === undefined) {
    process.stdout.write(printConfig(sections, settings));
    return;
  }
  const wanted = [known.settings, ...known.stores.map((store) => storeSections[store])].flatMap(Object.keys);
  const shown = Object.fromEntries(
    Object.entries(sections).filter(([name]) => name === 'shared' || wanted.includes(name)),
  );
  process.stdout.write(printConfig(shown, settings));
}
