/**
 * Integer ids out of blocks that were claimed in the topic `resource-ids`. Everyone reads the same claims in the same
 * order, so everyone agrees on whose ids are whose: those of a claim follow all claims of its kind before it.
 */
import { randomUUID } from 'node:crypto';
import type { ResourceIdClaim } from '../../schemas/generated/resource-id-claim.ts';
import type { ResourceKind } from '../../schemas/generated/resource.ts';

/** Fewest ids of one claim: most new resources need no claim of their own then. */
const smallestClaim = 64;

interface Block {
  next: number;
  readonly end: number;
}

/** Ids of one publisher; see the top of the file. */
export class IdBlocks {
  /** Ids that claims have taken of each kind. */
  readonly #taken = new Map<ResourceKind, number>();
  readonly #known = new Set<string>();
  readonly #blocks = new Map<ResourceKind, Block[]>();
  /** Own claims that were not read yet. */
  readonly #open = new Map<string, ResourceIdClaim>();

  /** What to append so that there are `wanted` ids of a kind; the same claim again while it was not read. */
  claim(kind: ResourceKind, wanted: number): ResourceIdClaim | undefined {
    const missing = wanted - this.#available(kind);
    if (missing <= 0) return undefined;
    for (const claim of this.#open.values()) if (claim.kind === kind) return claim;
    const claim = { claim: randomUUID(), kind, count: Math.max(missing, smallestClaim) };
    this.#open.set(claim.claim, claim);
    return claim;
  }

  /** A claim as it stands in the topic, own or foreign. */
  learn({ claim, kind, count }: ResourceIdClaim): void {
    if (count < 1 || this.#known.has(claim)) return;
    this.#known.add(claim);
    const taken = this.#taken.get(kind) ?? 0;
    this.#taken.set(kind, taken + count);
    if (!this.#open.delete(claim)) return;
    const blocks = this.#blocks.get(kind) ?? [];
    this.#blocks.set(kind, [...blocks, { next: taken + 1, end: taken + count + 1 }]);
  }

  #available(kind: ResourceKind): number {
    return (this.#blocks.get(kind) ?? []).reduce((sum, { next, end }) => sum + end - next, 0);
  }

  /** The next id of a kind; undefined when another claim is needed first. */
  take(kind: ResourceKind): number | undefined {
    const blocks = this.#blocks.get(kind) ?? [];
    while (blocks.length > 0 && blocks[0]!.next === blocks[0]!.end) blocks.shift();
    return blocks.length === 0 ? undefined : blocks[0]!.next++;
  }
}
