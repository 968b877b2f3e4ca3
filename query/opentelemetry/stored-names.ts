import type { ResourceNames } from '../../opentelemetry/resource-names.ts';
import { type ResourceKind, resourceKindIndex } from '../../schemas/generated/resource.ts';
import { ownSide } from '../../schemas/observation-points.ts';
import { autoTags, tags } from '../../schemas/tags.ts';
import type { ResourceFactsRow } from '../store/resource-facts-sql.ts';
import type { NamedSpan } from '../store/trace-store.ts';

const keyOf = (type: number, id: number): string => `${type} ${id}`;

/** Names of the resources of a page of a trace, as of its spans. */
export class StoredNames implements ResourceNames {
  readonly version = 0;
  readonly #names = new Map<string, string>();
  readonly #workloadTypes = new Map<number, string>();
  readonly #podUids = new Map<number, string>();

  constructor(page: readonly NamedSpan[], facts: readonly ResourceFactsRow[]) {
    for (const { span, names } of page) {
      const side = ownSide(span);
      const texts = (side === span.client ? names.clientNames : names.serverNames) ?? {};
      for (const { kind, id } of tags) this.#learn(resourceKindIndex[kind], side[id], texts[kind]);
      for (const auto of autoTags) {
        const [type, id] =
          auto === 'auto_service'
            ? [side.autoServiceType, side.autoServiceId]
            : [side.autoInstanceType, side.autoInstanceId];
        this.#learn(type, id, texts[auto]);
      }
    }
    for (const { kind, id, type, uid } of facts)
      if (kind === 'workload') this.#workloadTypes.set(id, type.toLowerCase());
      else this.#podUids.set(id, uid);
  }

  #learn(type: number, id: number, name: string | undefined): void {
    if (id !== 0 && name !== undefined) this.#names.set(keyOf(type, id), name);
  }

  nameOf(type: number, id: number): string {
    return this.#names.get(keyOf(type, id)) ?? '';
  }

  nameOfKind(kind: ResourceKind, id: number): string {
    return this.nameOf(resourceKindIndex[kind], id);
  }

  workloadType(id: number): string {
    return this.#workloadTypes.get(id) ?? '';
  }

  podUid(id: number): string {
    return this.#podUids.get(id) ?? '';
  }
}

/** Workloads and pods on whose side these spans were seen. */
export function ownIds(page: readonly NamedSpan[]): Readonly<Record<'workload' | 'pod', readonly number[]>> {
  const sides = page.map(({ span }) => ownSide(span));
  const known = (ids: readonly number[]): readonly number[] => [...new Set(ids)].filter((id) => id !== 0);
  return { workload: known(sides.map(({ workloadId }) => workloadId)), pod: known(sides.map(({ podId }) => podId)) };
}
