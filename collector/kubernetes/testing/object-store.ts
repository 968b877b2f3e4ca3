import { randomUUID } from 'node:crypto';
import type { ObjectKind } from '../object-kinds.ts';

/** An object as the API server has it. */
export interface StoredObject {
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** What a watch tells. */
export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: ObjectKind;
  readonly resourceVersion: number;
  readonly object: StoredObject;
}

/** An object to be stored; uid and version are the store's where they are missing. */
export interface NewObject {
  readonly metadata: { readonly name: string; readonly uid?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** Objects with one ascending version over all of them, and the events since the last compaction: as etcd has them. */
export class ObjectStore {
  #resourceVersion = 1000;
  readonly #objects = new Map<ObjectKind, Map<string, StoredObject>>();
  #events: StoreEvent[] = [];
  #compactedTo = 0;
  readonly #watchers = new Set<(event: StoreEvent) => void>();

  get resourceVersion(): number {
    return this.#resourceVersion;
  }

  /** Events up to this version are gone. */
  get compactedTo(): number {
    return this.#compactedTo;
  }

  get size(): number {
    return [...this.#objects.values()].reduce((sum, { size }) => sum + size, 0);
  }

  list(kind: ObjectKind): readonly StoredObject[] {
    return [...(this.#objects.get(kind)?.values() ?? [])];
  }

  /** Creates an object or takes the place of the one with its uid. */
  put(kind: ObjectKind, object: NewObject): StoredObject {
    const resourceVersion = ++this.#resourceVersion;
    const uid = object.metadata.uid ?? randomUUID();
    const stored: StoredObject = {
      ...object,
      metadata: {
        creationTimestamp: seconds(Date.now()),
        ...object.metadata,
        uid,
        resourceVersion: String(resourceVersion),
      },
    };
    let objects = this.#objects.get(kind);
    if (objects === undefined) this.#objects.set(kind, (objects = new Map<string, StoredObject>()));
    const type = objects.has(uid) ? 'MODIFIED' : 'ADDED';
    objects.set(uid, stored);
    this.#tell({ type, kind, resourceVersion, object: stored });
    return stored;
  }

  delete(kind: ObjectKind, uid: string): void {
    const objects = this.#objects.get(kind);
    const object = objects?.get(uid);
    if (objects === undefined || object === undefined) return;
    objects.delete(uid);
    const resourceVersion = ++this.#resourceVersion;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(resourceVersion) } };
    this.#tell({ type: 'DELETED', kind, resourceVersion, object: last });
  }

  #tell(event: StoreEvent): void {
    this.#events.push(event);
    for (const watcher of this.#watchers) watcher(event);
  }

  eventsAfter(kind: ObjectKind, resourceVersion: number): readonly StoreEvent[] {
    return this.#events.filter((event) => event.kind === kind && event.resourceVersion > resourceVersion);
  }

  watch(watcher: (event: StoreEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Forgets all events so far: who was not told of them has to list. */
  compact(): void {
    this.#compactedTo = this.#resourceVersion;
    this.#events = [];
  }
}

/** A moment as Kubernetes writes it: whole seconds, cut off. */
export function seconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
