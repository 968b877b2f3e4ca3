import type { Resource, ResourceKind } from '../schemas/generated/resource.ts';
import { resourceKindSymbols } from '../schemas/generated/resource.ts';
import type { Side, Span } from '../schemas/generated/span.ts';
import { ownSide } from '../schemas/observation-points.ts';
import { autoTags, tags } from '../schemas/tags.ts';
import type { SideNames, SpanNames } from '../schemas/trace-json.ts';

/** Names of resources by kind and id, as last published. */
export class TagNames {
  readonly #names = new Map<string, string>();

  learn({ kind, id, name }: Resource): void {
    this.#names.set(`${kind}:${id}`, name);
  }

  nameOf(kind: ResourceKind, id: number): string | undefined {
    return id === 0 ? undefined : this.#names.get(`${kind}:${id}`);
  }

  /** Names of all tags of one side. */
  ofSide(side: Side): SideNames {
    const named = tags.map(({ kind, id }) => [kind, this.nameOf(kind, side[id])] as const);
    const auto = [
      [autoTags[0], this.#nameOfAuto(side.autoInstanceType, side.autoInstanceId)],
      [autoTags[1], this.#nameOfAuto(side.autoServiceType, side.autoServiceId)],
    ] as const;
    return Object.fromEntries([...named, ...auto].filter((entry) => entry[1] !== undefined)) as SideNames;
  }

  /** Names of a span: the service is that of the side where the span was seen, by its most specific known name. */
  ofSpan(span: Span): SpanNames {
    const { autoServiceType: type, autoServiceId: id, processResourceId } = ownSide(span);
    const serviceName = this.#nameOfAuto(type, id) ?? this.nameOf('process', processResourceId) ?? span.processName;
    return { serviceName, clientNames: this.ofSide(span.client), serverNames: this.ofSide(span.server) };
  }

  #nameOfAuto(type: number, id: number): string | undefined {
    const kind = resourceKindSymbols[type];
    return kind === undefined ? undefined : this.nameOf(kind, id);
  }
}
