import { hash31, maxResourceId } from '../../core/agents/agent-resources.ts';

/**
 * Integer ids of the resources of one agent: a hash of the uid, so that every run finds the same; the next free one where two
 * collide. Not unique among agents, and an id that was released may be given again.
 */
export class ResourceIds {
  readonly #uids = new Map<number, string>();

  /** The id of a resource, from 1 to 2^31 - 1; the same for the same uid as long as it is not released. */
  idOf(uid: string): number {
    for (let id = hash31(uid); ; id = id === maxResourceId ? 1 : id + 1) {
      const owner = this.#uids.get(id);
      if (owner === uid) return id;
      if (owner === undefined) {
        this.#uids.set(id, uid);
        return id;
      }
    }
  }

  /** Forgets a resource that has ended. */
  release(id: number): void {
    this.#uids.delete(id);
  }
}
