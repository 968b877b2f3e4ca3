import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import type { Side } from '../../schemas/generated/span.ts';

/**
 * Puts integer ids on the two sides of a span. One tagger serves one agent. What knows more than the agent itself
 * (Kubernetes, clouds) implements this too, and may ask this one first.
 */
export interface Tagger {
  /** Changes whenever a side made earlier might come out differently now. */
  readonly version: number;
  /** Takes in what an agent told of its processes. */
  learn(processes: readonly ProcessFacts[]): void;
  /** The side that was seen: a process of the agent's host. */
  local(processId: number, address: Uint8Array, port: number): Side;
  /** The other side, of which only the address is known. */
  peer(address: Uint8Array, port: number, networkNamespace: number): Side;
}
