import type { ResourceRegister } from './resource-state.ts';

/** Where sources get their registers. */
export interface ResourceRegisters {
  /**
   * The register of one part of what there is, such as a cluster or a region of an account. `replaceAll` ends only what
   * was put under the same name, by whichever process, so the name must be the same after a restart and no other
   * source's: `kubernetes:<cluster uid>`, `aws:<account>:<region>`, `file:<name>`.
   */
  of(name: string): ResourceRegister;
}

/** Something that knows resources and tells them as long as it runs. */
export interface ResourceSource {
  /** For logs, metrics and readiness: `kubernetes`, `aws`, `file`. */
  readonly name: string;
  /**
   * Tells until the signal fires, then returns soon and tells nothing more. It waits for what is away by itself; may be
   * called again after it returned.
   *
   * @throws PipelineError when no waiting heals it: the process ends then
   */
  run(registers: ResourceRegisters, signal: AbortSignal): Promise<void>;
}
