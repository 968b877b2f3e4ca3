import type { ResourceState, ResourceUid } from './resource-state.ts';

/** A resource of which no more is known than what it is, and what `known` adds. */
export function plainState(
  resource: ResourceUid & { readonly name: string },
  known: Partial<ResourceState> = {},
): ResourceState {
  return {
    type: '',
    parents: [],
    addresses: [],
    networks: [],
    ports: [],
    macAddresses: [],
    labels: {},
    annotations: {},
    environment: {},
    sinceNs: undefined,
    ...known,
    ...resource,
  };
}
