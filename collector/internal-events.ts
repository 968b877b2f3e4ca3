import type { InternalEvent } from '../core/telemetry/internal-events.ts';

/** What people must hear of the collector. */
export const collectorEvents = {
  started: { name: 'capture_started', level: 'info', message: 'The capture of this host has started.' },
  rightsMissing: {
    name: 'capture_rights_missing',
    level: 'warn',
    message: 'The capture works, but this process lacks rights: what it does not see is said in each sentence.',
  },
  programRefused: {
    name: 'capture_program_refused',
    level: 'warn',
    message: 'The capture works, but the kernel refuses a program that the settings ask for.',
  },
  packetsStarted: { name: 'packets_started', level: 'info', message: 'The capture of packets has started.' },
  packetsStopped: { name: 'packets_stopped', level: 'info', message: 'The capture of packets has ended.' },
  packetsNotCaptured: {
    name: 'packets_not_captured',
    level: 'warn',
    message: 'Packets are captured, but not those of an interface or network namespace that the settings ask for.',
  },
  otlpStarted: { name: 'otlp_started', level: 'info', message: 'Spans of applications are received by OTLP.' },
  otlpStopped: { name: 'otlp_stopped', level: 'info', message: 'Spans of applications are not received any more.' },
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
  factsLeftOut: {
    name: 'process_facts_left_out',
    level: 'error',
    message: 'More processes came than can be looked at; spans of some have no names.',
  },
  batchFailed: {
    name: 'batch_failed',
    level: 'error',
    message: 'A batch of events could not be made; its events are counted as lost.',
  },
  cgroupMissing: {
    name: 'excluded_cgroup_missing',
    level: 'warn',
    message: 'A control group that is to be left out does not exist; it is looked for again every second.',
  },
  notExcluded: {
    name: 'process_not_excluded',
    level: 'warn',
    message: 'A process that is to be left out does not run, or too many are left out already.',
  },
  inspectionsHang: {
    name: 'inspections_hang',
    level: 'warn',
    message:
      'Files or memory of some processes do not answer; other processes of the same user are not looked at meanwhile.',
  },
  stalled: {
    name: 'capture_deaf',
    level: 'error',
    message: 'The kernel has events that are not read any more.',
  },
  loopProbesLeftOut: {
    name: 'loop_probes_left_out',
    level: 'warn',
    message:
      'Programs of some user were not searched for event loops and runtimes: there are too many at once, or they cannot be probed or read.',
  },
  loopProbes: {
    name: 'loop_probes_attached',
    level: 'info',
    message: 'A program with an event loop of libuv was found.',
  },
  moreLoopProbes: {
    name: 'loop_probes_attached_more',
    level: 'info',
    message: 'Further programs with an event loop of libuv, or with execution contexts of their own, were found.',
  },
  loopProbesFailed: {
    name: 'loop_probes_failed',
    level: 'warn',
    message: 'A program could not be probed; calls that its timers make may get a wrong cause.',
  },
  runtimeFound: {
    name: 'runtime_found',
    level: 'info',
    message: 'A program was found that has execution contexts of its own.',
  },
  contextsUnreadable: {
    name: 'contexts_unreadable',
    level: 'warn',
    message: 'A program has execution contexts that cannot be read; its calls get no causes from them.',
  },
  contextOriginsUnknown: {
    name: 'context_origins_unknown',
    level: 'warn',
    message:
      'What created the contexts of CPython in a program cannot be known; calls in tasks of their own get no causes. Not logged again for the same reason.',
  },
} as const satisfies Record<string, InternalEvent>;
