/** The broker's Java archives, from Maven, kept outside the source tree so that a second start is quick. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { PipelineError } from '../../core/errors.ts';
import { projectFile } from '../../core/project-files.ts';

const run = promisify(execFile);
const pom = projectFile('scripts', 'kafka', 'pom.xml');
const cache = projectFile('node_modules', '.cache', 'spanloom', 'kafka');

/** Finds a program on the path. */
export function findOnPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Why a broker cannot be started here; undefined when it can. */
export function brokerMissing(): string | undefined {
  if (findOnPath('java') === undefined) return 'a broker takes Java 17 or later (npm run setup brings it)';
  if (!existsSync(folderOfJars()) && findOnPath('mvn') === undefined)
    return "the broker's archives are not there and Maven, which brings them, is not either (npm run setup does)";
  return undefined;
}

/** One folder for each version of what is wanted. */
function folderOfJars(): string {
  return join(cache, createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16));
}

/**
 * The class path of a broker; the first call downloads it.
 *
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED
 */
export async function brokerClassPath(): Promise<string> {
  const missing = brokerMissing();
  if (missing !== undefined) throw new PipelineError('ENVIRONMENT_UNSUPPORTED', missing);
  const folder = folderOfJars();
  if (!existsSync(folder)) await download(folder);
  return join(folder, '*');
}

/** Complete or not at all, also when two processes do it at the same time. */
async function download(folder: string): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(`${folder}-`);
  try {
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${temporary}`];
    await run('mvn', ['-q', '-B', '-f', pom, ...goal], { maxBuffer: 16 * 1024 * 1024 });
    if (!existsSync(folder)) renameSync(temporary, folder);
  } catch (error) {
    // Another process was quicker.
    if (existsSync(folder)) return;
    const { stdout = '', message } = error as { readonly stdout?: string; readonly message: string };
    const reason = stdout.split('\n').find((line) => line.includes('ERROR')) ?? message;
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', `Maven did not bring the broker's archives: ${reason}`, {
      cause: error,
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
