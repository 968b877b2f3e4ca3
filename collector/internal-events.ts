import type { InternalEvent } from '../core/telemetry/internal-events.ts';

/** What people must hear of the collector. */
export const collectorEvents = {
  started: { name: 'capture_started', level: 'info', message: 'The capture of this host has started.' },
  stopped: { name: 'capture_stopped', level: 'info', message: 'The capture of this host has ended.' },
  renewed: {
    name: 'agent_renewed',
    level: 'warn',
    message:
      'This agent had no key yet: it has one now, and with it a new id. What it told before stays under the former id.',
  },
  eventsLost: {
    name: 'events_lost',
    level: 'error',
    message: 'Events were lost on this host; the batches say how many.',
  },
  clockSet: {
    name: 'clock_set',
    level: 'warn',
    message: 'The wall clock of this host was set; event times follow it from now on.',
  },
  hostUnreadable: {
    name: 'host_facts_unreadable',
    level: 'warn',
    message: 'The interfaces of this host could not be read; what was published of them stays.',
  },
  unsent: {
    name: 'events_unsent',
    level: 'error',
    message: 'The bus did not take the last events before the process had to stop.',
  },
  loopProbes: {
    name: 'loop_probes_attached',
    level: 'info',
    message: 'A program with an event loop of libuv was found.',
  },
  loopProbesFailed: {
    name: 'loop_probes_failed',
    level: 'warn',
    message: 'A program could not be probed; calls that its timers make may get a wrong cause.',
  },
} as const satisfies Record<string, InternalEvent>;
