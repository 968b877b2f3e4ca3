/**
 * A real Schema Registry for tests: Apicurio, which has the REST interface of Confluent's, from Maven, in memory, on
 * loopback. Kept outside the source tree so that a second start is quick.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../free-ports.ts';
import { projectFile } from '../../project-files.ts';

const run = promisify(execFile);
const version = '2.6.13.Final';
const folder = projectFile('node_modules', '.cache', 'spanloom', `apicurio-${version}`);
const startWithinMs = 90_000;

/** A running registry. */
export interface RealRegistry {
  readonly url: string;
  stop(): Promise<void>;
}

const isOnPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(':').some((path) => existsSync(join(path, program)));

/** Why a registry cannot be started here; undefined when it can. */
export function registryMissing(): string | undefined {
  if (!isOnPath('java')) return 'a schema registry takes Java 17 or later';
  if (!existsSync(folder) && !isOnPath('mvn'))
    return 'the schema registry is not there, and Maven, which brings it, neither';
  return undefined;
}

/** Complete or not at all, also when two processes do it at the same time. */
async function download(): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(`${folder}-`);
  try {
    const artifact = `io.apicurio:apicurio-registry-app:${version}:tar.gz:all`;
    const options = [`-Dartifact=${artifact}`, `-DoutputDirectory=${temporary}`];
    await run('mvn', ['-q', '-B', 'dependency:copy', ...options], { maxBuffer: 16 * 1024 * 1024 });
    const [archive] = readdirSync(temporary);
    await run('tar', ['xzf', join(temporary, archive!), '-C', temporary]);
    rmSync(join(temporary, archive!));
    if (!existsSync(folder)) renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Starts a registry and waits until it answers. */
export async function startRealRegistry(): Promise<RealRegistry> {
  if (!existsSync(folder)) await download();
  const port = await freePort();
  const settings = [`-Dquarkus.http.host=127.0.0.1`, `-Dquarkus.http.port=${port}`];
  const child = spawn('java', ['-Xmx256m', ...settings, '-jar', `apicurio-registry-app-${version}-runner.jar`], {
    cwd: folder,
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  for (const startedAtMs = performance.now(); performance.now() - startedAtMs < startWithinMs;) {
    const isUp = await fetch(`${url}/subjects`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return { url, stop };
    if (child.exitCode !== null) break;
    await sleep(250);
  }
  await stop();
  throw new Error(`the schema registry did not start within ${startWithinMs} ms`);
}
