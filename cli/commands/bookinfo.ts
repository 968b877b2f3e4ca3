import { bookinfoMissing } from '../../demo/bookinfo/bookinfo.ts';
import { requireFreePort } from '../../core/listen.ts';
import { PipelineError } from '../../core/errors.ts';
import { queryAddress } from '../../query/config.ts';
import { demonstrateBookinfo } from '../demo/bookinfo.ts';
import type { BookinfoOptions } from '../demo/demonstration.ts';
import { openTraceFile } from '../output/trace-file.ts';
import { withTemporaryFolder } from '../process/temporary-folder.ts';
import { loadSettings } from '../settings.ts';

export type { BookinfoOptions };

/**
 * Bookinfo, as people know it from service meshes, on two nodes made of network namespaces: shows a request with every hop.
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED, saying what is missing
 */
export async function bookinfo(options: BookinfoOptions, signal: AbortSignal): Promise<void> {
  process.title = 'spanloom-demo';
  const missing = bookinfoMissing();
  if (missing !== undefined) throw new PipelineError('ENVIRONMENT_UNSUPPORTED', `Bookinfo cannot run here: ${missing}`);
  const settings = loadSettings();
  if (options.once !== true) await requireFreePort(queryAddress(settings.query));
  const traceFile = await openTraceFile(options.json);
  try {
    await withTemporaryFolder((folder) => demonstrateBookinfo({ options, settings, traceFile, folder, signal }));
  } finally {
    await traceFile?.close();
  }
}
