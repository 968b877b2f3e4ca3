import type { InternalEvent } from '../../core/telemetry/internal-events.ts';

/** What people must hear of the sources of cloud resources. */
export const cloudEvents = {
  listed: { name: 'cloud_listed', level: 'debug', message: 'The resources of a cloud were listed.' },
  listFailed: {
    name: 'cloud_list_failed',
    level: 'warn',
    message: 'A part of a cloud could not be listed; what was known of it stays as it was.',
  },
  repeated: {
    name: 'cloud_calls_repeated',
    level: 'warn',
    message: 'A cloud asked for patience or failed for a moment; calls were repeated.',
  },
  unusable: {
    name: 'cloud_objects_unusable',
    level: 'warn',
    message: 'Objects of a cloud, or addresses of them, are not as documented and were left out.',
  },
  fileRead: { name: 'resource_file_read', level: 'info', message: 'A file of resources was read.' },
  fileRefused: {
    name: 'resource_file_refused',
    level: 'warn',
    message: 'A file of resources is missing or wrong; what it said before stays.',
  },
} as const satisfies Record<string, InternalEvent>;
