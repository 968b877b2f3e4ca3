import type { Capture } from '../native/capture.ts';

/**
 * Processes that a capture leaves out because this process says so: itself, and children that it started and that are no
 * part of what is observed. By their ids, for as long as they run; never by a name, which every process chooses for itself.
 */
export class ExcludedProcesses {
  /** Until the capture begins. */
  readonly #processIds: Set<number>;
  #capture: Pick<Capture, 'exclude'> | undefined;

  constructor(processIds: readonly number[] = []) {
    this.#processIds = new Set(processIds);
  }

  /** Those that were added before the capture began. */
  get processIds(): readonly number[] {
    return [...this.#processIds];
  }

  /** Leaves out a process that runs now, from now on or from when the capture begins. */
  add(processId: number): void {
    if (this.#capture === undefined) this.#processIds.add(processId);
    else this.#capture.exclude(processId);
  }

  /** The capture has begun. @returns processes that are not left out: they do not run, or there is no room */
  begin(capture: Pick<Capture, 'exclude'>): readonly number[] {
    this.#capture = capture;
    return [...this.#processIds].filter((processId) => !capture.exclude(processId));
  }
}
