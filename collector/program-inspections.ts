/**
 * Has the addon look at programs as processes bring them. It finds runtimes with execution contexts of their own (Go, CPython:
 * native/runtimes/runtimes.h), and the programs whose event loop is libuv (executables that contain it, and shared libraries of it) and attaches probes, so
 * that the kernel programs see when a loop turns from polling to its check callbacks, or in a file without that function to its
 * timers (native/loop-probes.cc). No file of another process is opened here: the addon inspects them on threads of its own
 * (native/process-files.h), because a process controls its files and whether reads ever return.
 */
import { readlinkSync } from 'node:fs';
import type { Capture, ProgramInspection } from '../native/capture.ts';
import type { StageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import { collectorEvents } from './internal-events.ts';
import { listProcessIds } from './processes/proc-files.ts';

/**
 * Files with a probe or a runtime, and as many with which that failed, that are logged one by one between two calls of {@link ProgramInspections.report}: a
 * user can start any number of programs with different files.
 */
const maxReported = 10;

/** Has programs looked at as processes bring them. */
export class ProgramInspections {
  readonly #capture: Pick<Capture, 'inspectPrograms'>;
  readonly #telemetry: Pick<StageTelemetry, 'emit'>;
  readonly #root: string;
  /** What each process that runs executes, as /proc names it: only a change of it is looked at. */
  #executables = new Map<number, string>();
  /** Reasons that were logged; they do not name files, so there are few. */
  readonly #originProblems = new Set<string>();
  #attached = 0;
  #failures = 0;
  #leftOut = 0;

  constructor(capture: Pick<Capture, 'inspectPrograms'>, telemetry: Pick<StageTelemetry, 'emit'>, root = '/proc') {
    this.#capture = capture;
    this.#telemetry = telemetry;
    this.#root = root;
  }

  /** Has every process looked at that runs and whose executable is new. Resolves when they have been. */
  async scan(): Promise<void> {
    const before = this.#executables;
    this.#executables = new Map();
    const inspections: Promise<void>[] = [];
    for (const processId of listProcessIds(this.#root)) {
      const executable = this.#executableOf(processId);
      if (executable === '') continue;
      this.#executables.set(processId, executable);
      if (before.get(processId) !== executable) inspections.push(this.#inspect(processId, false));
    }
    await Promise.all(inspections);
  }

  /** Has one process looked at, with its libraries. */
  inspect(processId: number): void {
    void this.#inspect(processId, true);
  }

  /** To be called at intervals: logs the counts of files that were not logged one by one, or not inspected. */
  report(): void {
    const attached = Math.max(0, this.#attached - maxReported);
    if (attached > 0) this.#telemetry.emit(collectorEvents.moreLoopProbes, { programs: attached });
    const failures = Math.max(0, this.#failures - maxReported);
    if (failures + this.#leftOut > 0)
      this.#telemetry.emit(collectorEvents.loopProbesLeftOut, { failures, leftOut: this.#leftOut });
    this.#attached = 0;
    this.#failures = 0;
    this.#leftOut = 0;
  }

  async #inspect(processId: number, withLibraries: boolean): Promise<void> {
    let inspection: ProgramInspection | undefined;
    try {
      inspection = await this.#capture.inspectPrograms(processId, withLibraries);
    } catch (error) {
      inspection = { files: [{ path: `/proc/${processId}`, probes: 0, error: String(error) }], leftOut: 0 };
    }
    // The process has ended, or its user has too many jobs waiting: the next scan asks again.
    if (inspection === undefined) {
      this.#executables.delete(processId);
      return;
    }
    // Asked again by the next scan as well; cheap for the files that were looked at.
    if (inspection.leftOut > 0) this.#executables.delete(processId);
    this.#leftOut += inspection.leftOut;
    const { runtime } = inspection;
    if (runtime?.problem !== undefined) {
      if (++this.#failures <= maxReported) this.#telemetry.emit(collectorEvents.contextsUnreadable, { ...runtime });
    } else if (runtime !== undefined && ++this.#attached <= maxReported)
      this.#telemetry.emit(collectorEvents.runtimeFound, { path: runtime.path, version: runtime.version });
    if (runtime?.probeProblem !== undefined && !this.#originProblems.has(runtime.probeProblem)) {
      this.#originProblems.add(runtime.probeProblem);
      this.#telemetry.emit(collectorEvents.contextOriginsUnknown, {
        path: runtime.path,
        problem: runtime.probeProblem,
      });
    }
    for (const { path, probes, error } of inspection.files)
      if (error !== undefined) {
        if (++this.#failures <= maxReported) this.#telemetry.emit(collectorEvents.loopProbesFailed, { path, error });
      } else if (++this.#attached <= maxReported) this.#telemetry.emit(collectorEvents.loopProbes, { path, probes });
  }

  /** Empty for kernel threads, and for processes that have ended or are none of our business. */
  #executableOf(processId: number): string {
    try {
      return readlinkSync(`${this.#root}/${processId}/exe`);
    } catch {
      return '';
    }
  }
}
