import type { ResourceState } from '../resources/resource-state.ts';

/**
 * What one part of a cloud came to. Parts have paths, such as `aws/123456789012/us-east-1/subnets`; the same part has the
 * same path each time. A failure also stands for all parts beneath it: where the regions of an account cannot be listed,
 * `aws/123456789012` has failed. A part that is neither listed nor under a failure is there no more.
 */
export type ListedPart =
  | {
      readonly kind: 'listed';
      readonly part: string;
      readonly states: readonly ResourceState[];
      /** Calls that had to be repeated. 0. */
      readonly repeats?: number;
      /** Objects or facts that were left out because they are not as documented. 0. */
      readonly unusable?: number;
    }
  | { readonly kind: 'failed'; readonly part: string; readonly error: unknown };

/** A cloud. */
export interface CloudProvider {
  /**
   * Asks for everything there is, now. Each list is all of its part or a failure: what is missing in a list has ended.
   * It may throw: then all parts have failed.
   */
  list(signal: AbortSignal): AsyncIterable<ListedPart>;
  /** Closes its connections; it is not asked again. */
  close(): void;
}
