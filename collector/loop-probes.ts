/**
 * Finds the programs whose event loop is libuv, so that the kernel programs learn when its timer phase begins: executables
 * that contain libuv and shared libraries of it. Each file is tried once, whichever processes use it.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Capture } from '../native/capture.ts';
import type { StageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import { collectorEvents } from './internal-events.ts';
import { listProcessIds } from './processes/proc-files.ts';

/** Files mapped into processes that may contain libuv besides the executable itself. */
const libraryPattern = /\/libuv[-\d]*\.so[^/]*$|\/uvloop\/loop\.[^/]*\.so$/;

/** Paths of such files in the text of /proc/<pid>/maps. */
export function libuvLibraries(maps: string): string[] {
  const paths = maps.split('\n').map((line) => line.slice(line.indexOf('/')).replace(/ \(deleted\)$/, ''));
  return [...new Set(paths.filter((path) => path.startsWith('/') && libraryPattern.test(path)))];
}

/** Files already tried that are remembered; beyond it the oldest are tried again should they turn up. */
const maxFiles = 16_384;

/** Attaches probes to files as processes bring them. */
export class LoopProbes {
  readonly #capture: Pick<Capture, 'attachLoopProbes'>;
  readonly #telemetry: Pick<StageTelemetry, 'emit'>;
  readonly #root: string;
  /** By device and inode: containers call the same file by other paths. */
  readonly #tried = new Set<string>();

  constructor(capture: Pick<Capture, 'attachLoopProbes'>, telemetry: Pick<StageTelemetry, 'emit'>, root = '/proc') {
    this.#capture = capture;
    this.#telemetry = telemetry;
    this.#root = root;
  }

  /** Looks at every process that runs; cheap for those whose files are known. */
  scan(): void {
    for (const processId of listProcessIds(this.#root)) {
      // A new executable may come with new libraries; reading the mappings of every process each time costs too much.
      if (this.#try(`${this.#root}/${processId}/exe`)) this.#tryLibraries(processId);
    }
  }

  /** Looks at one process, with its libraries. */
  inspect(processId: number): void {
    this.#try(`${this.#root}/${processId}/exe`);
    this.#tryLibraries(processId);
  }

  #tryLibraries(processId: number): void {
    let maps: string;
    try {
      maps = readFileSync(`${this.#root}/${processId}/maps`, 'utf8');
    } catch {
      return;
    }
    for (const path of libuvLibraries(maps)) this.#try(`${this.#root}/${processId}/root${path}`);
  }

  /** True when the file had not been seen before. */
  #try(path: string): boolean {
    let key: string;
    try {
      const { dev, ino } = statSync(path);
      key = `${dev}:${ino}`;
    } catch {
      // A kernel thread has no executable, and a process may end at any time.
      return false;
    }
    if (this.#tried.has(key)) return false;
    if (this.#tried.size >= maxFiles) this.#tried.delete(this.#tried.values().next().value!);
    this.#tried.add(key);
    try {
      const probes = this.#capture.attachLoopProbes(path);
      if (probes > 0) this.#telemetry.emit(collectorEvents.loopProbes, { path, probes });
    } catch (error) {
      this.#telemetry.emit(collectorEvents.loopProbesFailed, { path, error });
    }
    return true;
  }
}
