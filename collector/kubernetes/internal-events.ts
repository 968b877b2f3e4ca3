import type { InternalEvent } from '../../core/telemetry/internal-events.ts';

/** What people must hear of the Kubernetes source. */
export const kubernetesEvents = {
  synchronised: { name: 'kubernetes_synchronised', level: 'info', message: 'All objects of the cluster were read.' },
  watchRestarted: {
    name: 'kubernetes_watch_restarted',
    level: 'debug',
    message: 'A watch broke off and goes on where it was, or begins anew.',
  },
  listed: { name: 'kubernetes_listed', level: 'debug', message: 'All objects of a kind were listed.' },
  strange: {
    name: 'kubernetes_strange_object',
    level: 'warn',
    message: 'An object has no name or no uid and is ignored.',
  },
} as const satisfies Record<string, InternalEvent>;
