/** Integer ids of resources: a hash of the uid, so that every run finds the same; the next free one where two collide. */
export class ResourceIds {
  readonly #uids = new Map<number, string>();

  /** The id of a resource, from 1 to 2^31 - 1; the same for the same uid as long as it is not released. */
  idOf(uid: string): number {
    for (let id = hash31(uid); ; id = id === maxId ? 1 : id + 1) {
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

const maxId = 0x7fffffff;

/** FNV-1a over the UTF-16 units, mixed so that neighbours lie far apart; 31 bits, never 0. */
export function hash31(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 1 || 1;
}
