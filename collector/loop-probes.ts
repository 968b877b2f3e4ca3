/**
 * Finds the programs whose event loop is libuv, so that the kernel programs learn when its timer phase begins: executables
 * that contain libuv and shared libraries of it. No file of another process is touched here: the addon looks at them on
 * threads of its own (native/process-files.h), because a process decides what its files are and whether they ever answer.
 */
import { readlinkSync } from 'node:fs';
import type { Capture, LoopInspection } from '../native/capture.ts';
import type { StageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import { collectorEvents } from './internal-events.ts';
import { listProcessIds } from './processes/proc-files.ts';

/**
 * Files that were probed, and as many that could not be, that are told of one by one between two calls of
 * {@link LoopProbes.tell}: whoever may start programs can bring a new file with each of them.
 */
const maxTold = 10;

/** Has probes attached to files as processes bring them. */
export class LoopProbes {
  readonly #capture: Pick<Capture, 'inspectLoops'>;
  readonly #telemetry: Pick<StageTelemetry, 'emit'>;
  readonly #root: string;
  /** What each process that runs executes, as /proc names it: only a change of it is looked at. */
  #executables = new Map<number, string>();
  #attached = 0;
  #failures = 0;
  #leftOut = 0;

  constructor(capture: Pick<Capture, 'inspectLoops'>, telemetry: Pick<StageTelemetry, 'emit'>, root = '/proc') {
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

  /** To be called now and then: what was not told of one by one, or not looked at. */
  tell(): void {
    const attached = Math.max(0, this.#attached - maxTold);
    if (attached > 0) this.#telemetry.emit(collectorEvents.moreLoopProbes, { programs: attached });
    const failures = Math.max(0, this.#failures - maxTold);
    if (failures + this.#leftOut > 0)
      this.#telemetry.emit(collectorEvents.loopProbesLeftOut, { failures, leftOut: this.#leftOut });
    this.#attached = 0;
    this.#failures = 0;
    this.#leftOut = 0;
  }

  async #inspect(processId: number, withLibraries: boolean): Promise<void> {
    let inspection: LoopInspection | undefined;
    try {
      inspection = await this.#capture.inspectLoops(processId, withLibraries);
    } catch (error) {
      inspection = { files: [{ path: `/proc/${processId}`, probes: 0, error: String(error) }], leftOut: 0 };
    }
    // Gone, or its user has too much waiting: the next scan asks again.
    if (inspection === undefined) {
      this.#executables.delete(processId);
      return;
    }
    // Asked again by the next scan as well; cheap for the files that were looked at.
    if (inspection.leftOut > 0) this.#executables.delete(processId);
    this.#leftOut += inspection.leftOut;
    for (const { path, probes, error } of inspection.files)
      if (error !== undefined) {
        if (++this.#failures <= maxTold) this.#telemetry.emit(collectorEvents.loopProbesFailed, { path, error });
      } else if (++this.#attached <= maxTold) this.#telemetry.emit(collectorEvents.loopProbes, { path, probes });
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
