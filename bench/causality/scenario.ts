import { findProgram } from '../../protocols/testing/programs.ts';
import { databasePrograms } from './databases.ts';
import type { Recorded } from './record-scenario.ts';
import { readTruth, type Score, score } from './score.ts';
import { type Shape, shapesOf } from './shapes.ts';
import type { Place, Stack } from './stack.ts';
import { stacks } from './stacks.ts';
import { prepareToolchain, type ToolchainName } from './toolchains.ts';
import { traceRecording } from './trace-recording.ts';

/** A stack under a load. */
export interface Scenario {
  readonly name: string;
  /** Its name as that of files. */
  readonly fileName: string;
  readonly stack: Stack;
  readonly shape: Shape;
}

/** All of them. */
export const scenarios: readonly Scenario[] = stacks.flatMap((stack) =>
  shapesOf(stack).map((shape) => {
    const name = `${stack.name}: ${shape.name}`;
    return { name, fileName: name.replace(/[^a-z0-9]+/gi, '-').toLowerCase(), stack, shape };
  }),
);

/** What came of a scenario. */
export interface ScenarioResult extends Scenario {
  readonly recorded: Recorded;
  readonly score: Score;
  /** Events that the recording says were lost. */
  readonly lost: number;
}

/** Takes the recording of a scenario through enricher and correlator, and scores the parents of the gateway's calls. */
export async function scoreRecording(
  file: string,
  ports: Recorded['ports'],
): Promise<Pick<ScenarioResult, 'score' | 'lost'>> {
  const { batches, spans, lost } = await traceRecording(file);
  return { score: score(spans, readTruth(batches), ports), lost };
}

/** What a stack is started from, or in one sentence why it cannot be. */
export type PreparedStack =
  | { readonly built: Place['built']; readonly missing?: undefined }
  | { readonly built?: undefined; readonly missing: string };

/** Brings everything that a stack takes. @param cache folder that outlives the bench */
export async function prepareStack(stack: Stack, cache: string): Promise<PreparedStack> {
  const { toolchains, programs, databases = [] } = stack;
  const absent = [...programs, ...databases.flatMap((database) => databasePrograms[database])].filter(
    (program) => findProgram(program) === undefined,
  );
  if (absent.length > 0) return { missing: `not installed: ${absent.join(', ')}` };
  const folders = new Map<ToolchainName, string>();
  for (const name of toolchains) {
    const { folder, missing } = await prepareToolchain(name, cache);
    if (missing !== undefined) return { missing };
    folders.set(name, folder);
  }
  return { built: (toolchain, ...path) => [folders.get(toolchain)!, ...path].join('/') };
}
