import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bus } from '../../core/bus/bus.ts';
import { kafkaBusOptions } from '../../core/bus/kafka/config.ts';
import { PipelineError } from '../../core/errors.ts';
import { isDirectory } from '../../core/files/is-directory.ts';
import { openFramedBus } from './framed-bus.ts';
import type { Settings } from '../settings.ts';

/**
 * Opens the configured log for a command that reads it: unlike a stage, it makes none.
 *
 * @throws PipelineError NOTHING_STORED when the data directory has no log
 */
export async function openStoredLog(settings: Settings): Promise<Bus> {
  const { dataDir } = settings.shared;
  const log = join(dataDir, 'log');
  if (kafkaBusOptions(settings.bus) === undefined && !(isDirectory(log) && existsSync(join(log, 'data.mdb'))))
    throw new PipelineError(
      'NOTHING_STORED',
      `There is no log in ${resolve(dataDir)}: run "spanloom up" first, or point SPANLOOM_DATA_DIR to where it is.`,
    );
  return openFramedBus(settings, dataDir);
}
