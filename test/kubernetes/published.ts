import type { Bus } from '../../core/bus/bus.ts';
import { decodeValue } from '../../core/codec.ts';
import { TopicFollower } from '../../core/stage/topic-follower.ts';
import { readResource, type Resource } from '../../schemas/generated/resource.ts';
import { addressText } from '../../schemas/trace-json.ts';

/** What is on the topic `resources`: the newest of each key, as a reader has it that comes now. */
export async function publishedVersions(bus: Bus): Promise<readonly Resource[]> {
  const newest = new Map<string, Resource>();
  const follower = await TopicFollower.open({
    bus,
    topic: 'resources',
    reader: 'test',
    learn(message) {
      if (message.value.length === 0) {
        newest.delete(message.key);
        return;
      }
      const decoded = decodeValue('Resource', message, readResource);
      if (decoded.kind !== 'ok') throw new Error(decoded.detail);
      newest.set(message.key, decoded.value);
    },
  });
  await follower.catchUp(new AbortController().signal);
  await follower.close();
  return [...newest.values()];
}

/** That a version says that a resource had an address. */
export interface Claim {
  readonly uid: string;
  readonly fromMs: number;
  /** Infinity while it lives. */
  readonly toMs: number;
}

/** Who had an address when, as published pods say. */
export class PublishedAddresses {
  readonly #claims = new Map<string, Claim[]>();

  constructor(versions: readonly Resource[]) {
    for (const { kind, uid, addresses, validFromNs, validToNs } of versions) {
      if (kind !== 'pod') continue;
      const toMs = validToNs === 0n ? Infinity : Number(validToNs) / 1e6;
      for (const address of addresses) {
        const text = addressText(address);
        this.#claims.set(text, [...this.of(text), { uid, fromMs: Number(validFromNs) / 1e6, toMs }]);
      }
    }
  }

  of(address: string): readonly Claim[] {
    return this.#claims.get(address) ?? [];
  }

  /** Uids of those who claim the address at a time: only where it is one can it be told who it is. */
  at(timeMs: number, address: string): readonly string[] {
    const uids = this.of(address).filter(({ fromMs, toMs }) => fromMs <= timeMs && timeMs < toMs);
    return [...new Set(uids.map(({ uid }) => uid))];
  }
}
