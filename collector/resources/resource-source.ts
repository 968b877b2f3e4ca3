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

/** A source of resources: reports them as long as it runs. */
export interface ResourceSource {
  /** For logs, metrics and readiness: `kubernetes`, `aws`, `file`. */
  readonly name: string;
  /**
   * Reports until the signal fires, then returns soon and reports nothing more. It retries unavailable dependencies itself, and
   * may be called again after it returned.
   *
   * @throws PipelineError for errors that a retry cannot fix: then the process ends
   */
  run(registers: ResourceRegisters, signal: AbortSignal): Promise<void>;
}
