import type { InternalEvent } from '../../core/telemetry/internal-events.ts';

/** What people must hear of the publisher of resources. */
export const resourceEvents = {
  leads: { name: 'resources_leading', level: 'info', message: 'This instance publishes resources from now on.' },
  follows: {
    name: 'resources_standing_by',
    level: 'info',
    message: 'Another instance publishes resources; this one stands by.',
  },
  noSources: {
    name: 'resources_without_source',
    level: 'warn',
    message:
      'No source of resources is switched on: nothing will be published. Sources are SPANLOOM_RESOURCES_KUBERNETES_ENABLED, ' +
      'SPANLOOM_RESOURCES_CLOUD_FILES and SPANLOOM_RESOURCES_CLOUD_PROVIDERS.',
  },
  undecodable: {
    name: 'resource_unreadable',
    level: 'warn',
    message: 'A message of the topics of resources could not be read and is ignored.',
  },
} as const satisfies Record<string, InternalEvent>;
