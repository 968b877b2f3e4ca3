import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { decodeValue } from '../../core/codec.ts';
import { readResource, resourceKindIndex, type ResourceKind } from '../../schemas/generated/resource.ts';

/** Ids are 31 bits, kinds few: one number holds both. */
const idRange = 2 ** 31;

/**
 * Names of resources, learned from the topic `resources`. Each instance needs them all, whichever partitions of traces it
 * has, so they are no state of a consumer group: whoever runs the stage reads the topic from its beginning.
 */
export class ResourceNames {
  readonly #names = new Map<number, string>();
  /** Grows when a name is new or has changed. */
  version = 0;

  /** Learns what a message of the topic says; one that cannot be read is the sink's to put aside. */
  learn(message: Pick<ReceivedMessage, 'headers' | 'value'>): void {
    // A compacted topic says "deleted" by an empty value; what a resource was called stays true of old spans.
    if (message.value.length === 0) return;
    const decoded = decodeValue('Resource', message, readResource);
    if (decoded.kind === 'rejected') return;
    const { kind, id, name } = decoded.value;
    const key = resourceKindIndex[kind] * idRange + id;
    if (name === '' || this.#names.get(key) === name) return;
    this.#names.set(key, name);
    this.version++;
  }

  /** The name of a resource; empty when it has none or is not known. @param type position in ResourceKind */
  nameOf(type: number, id: number): string {
    return id === 0 ? '' : (this.#names.get(type * idRange + id) ?? '');
  }

  nameOfKind(kind: ResourceKind, id: number): string {
    return this.nameOf(resourceKindIndex[kind], id);
  }
}
