import { hasCode } from '../../core/errors.ts';
import { requireFreePort } from '../../core/listen.ts';
import { checkKernel } from '../../native/check.ts';
import { queryAddress } from '../../query/config.ts';
import type { Demonstration, DemoOptions } from '../demo/demonstration.ts';
import { captureProblem } from '../capture-problem.ts';
import { demonstrateLive } from '../demo/live.ts';
import { demonstrateRecording } from '../demo/recorded.ts';
import { loadSettings } from '../settings.ts';
import { openTraceFile } from '../output/trace-file.ts';
import { withTemporaryFolder } from '../process/temporary-folder.ts';

export type { DemoOptions };

/**
 * The demo: starts real services, captures them under load, and shows the slowest trace. If capture is impossible, it says why
 * and replays a recording of the same demo through the same stages.
 */
export async function demo(options: DemoOptions, signal: AbortSignal): Promise<void> {
  process.title = 'spanloom-demo';
  const settings = loadSettings();
  if (options.once !== true) await requireFreePort(queryAddress(settings.query));
  const traceFile = await openTraceFile(options.json);
  try {
    await demonstrate({ options, settings, traceFile, signal });
  } finally {
    await traceFile?.close();
  }
}

async function demonstrate(context: Omit<Demonstration, 'folder'>): Promise<void> {
  const inFolder = (show: (demonstration: Demonstration) => Promise<void>): Promise<void> =>
    withTemporaryFolder((folder) => show({ ...context, folder }));
  const showRecording = (problem: string): Promise<void> =>
    inFolder((demonstration) => demonstrateRecording(demonstration, problem));

  if (context.options.recording === true) return showRecording('');
  const problem = captureProblemHere();
  if (problem !== undefined) return showRecording(problem);
  try {
    await inFolder(demonstrateLive);
  } catch (error) {
    if (!hasCode(error, 'ENVIRONMENT_UNSUPPORTED')) throw error;
    await showRecording(error.message);
  }
}

/** Why this machine cannot capture; undefined when it can. */
function captureProblemHere(): string | undefined {
  try {
    return captureProblem(checkKernel());
  } catch (error) {
    return (error as Error).message;
  }
}
