import type { TaggedResourceJson } from '../../../api/tagged-resource-json.ts';

/** What something was called when the span began, and what has become of that. */
export interface SinceThen {
  readonly then: string;
  /** Undefined while it is still so; of what was removed without another value, the empty text. */
  readonly now: string | undefined;
  /** When what it belongs to was removed, in Unix nanoseconds; undefined while it exists. */
  readonly removedNs: bigint | undefined;
}

/** The name of a resource. */
export function nameSinceThen({ name, name_now: now, removed_ns: removed }: TaggedResourceJson): SinceThen {
  return { then: name, now: now === name ? undefined : now, removedNs: removed === '' ? undefined : BigInt(removed) };
}

/** A label with what kind of resource has it. */
export interface LabelSinceThen extends SinceThen {
  readonly kind: string;
  readonly label: string;
}

/** All labels that any of the resources had then or has now. A resource that was removed keeps its last ones. */
export function labelsSinceThen(resources: readonly TaggedResourceJson[]): readonly LabelSinceThen[] {
  return resources.flatMap(({ kind, labels, labels_now: labelsNow, removed_ns: removed }) =>
    [...new Set([...Object.keys(labels), ...Object.keys(labelsNow)])].sort().map((label) => {
      const [then, now] = [labels[label] ?? '', labelsNow[label] ?? ''];
      const removedNs = removed === '' ? undefined : BigInt(removed);
      return { kind, label, then, now: now === then ? undefined : now, removedNs };
    }),
  );
}
