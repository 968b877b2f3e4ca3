import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import {
  booleanSetting,
  bytesSetting,
  durationMsSetting,
  integerSetting,
  listSetting,
  textSetting,
} from '../../core/config/setting.ts';

/** Settings of the capture: SPANLOOM_COLLECTOR_…. */
export const captureConfig = defineConfig(
  z.object({
    captureEnabled: booleanSetting({
      description:
        'Capture this host with BPF. Without it the collector needs no rights and sends only what its other sources know.',
      default: 'true',
    }),
    payloadBytes: bytesSetting({
      description: 'Bytes of payload copied of each message, over all its calls.',
      default: '512',
      maximum: 4096,
    }),
    continuationBytes: bytesSetting({
      description: 'Bytes of payload copied of each call once the bytes of its message are used up.',
      default: '32',
      maximum: 512,
    }),
    ringBytes: bytesSetting({
      description:
        'Memory for events that the kernel has seen and the collector has not read yet, rounded up to a power of two; more survives longer pauses.',
      default: '16MiB',
      minimum: 64 * 1024,
      maximum: 1024 ** 3,
    }),
    maxSockets: integerSetting({
      description: 'Sockets that the kernel programs remember; beyond it the one unused for the longest is forgotten.',
      default: '131072',
      minimum: 1024,
      maximum: 16_777_216,
    }),
    pollInterval: durationMsSetting({
      description: 'Time between two readings of the ring buffer; shorter lets a small ring buffer take larger bursts.',
      default: '10ms',
      minimum: 1,
      maximum: 1000,
    }),
    batchInterval: durationMsSetting({
      description:
        'Events wait this long for others to travel with, unless 1024 of them wait: longer makes larger batches, which cost every stage less, and later traces.',
      default: '100ms',
      maximum: 1000,
    }),
    maxUnacknowledgedBlocks: integerSetting({
      description: 'Batches on their way to the bus above which reading stops and the ring buffer fills.',
      default: '64',
      minimum: 1,
      maximum: 4096,
    }),
    redact: booleanSetting({
      description:
        'Overwrite secrets and hold back what is not recognised before anything leaves the host: docs/redaction.md.',
      default: 'true',
    }),
    redactHeaders: listSetting({
      description: 'Further header fields of HTTP whose values are credentials, by name in any case.',
      default: '',
    }),
    redactParameters: listSetting({
      description: 'Further parameters in URLs whose values are credentials, by name in any case.',
      default: '',
    }),
    sendUnrecognised: booleanSetting({
      description:
        'Also send payloads of connections whose protocol is not recognised, for replay through later dissectors. Secrets in them are only found by SPANLOOM_COLLECTOR_REDACT_PATTERNS.',
      default: 'false',
    }),
    redactPatterns: textSetting({
      description:
        'Further secrets to overwrite: regular expressions of RE2 syntax, separated by spaces (write \\x20 for a space in one). With groups only the groups are overwritten.',
    }).optional(),
    maxProcesses: integerSetting({
      description: 'Processes whose facts are kept; beyond it the one seen first is forgotten.',
      default: '65536',
      minimum: 16,
    }),
    processFactsInterval: durationMsSetting({
      description: 'Time in which the facts of every known process are sent again, for readers that start later.',
      default: '30s',
      minimum: 1000,
    }),
    environmentTags: listSetting({
      description:
        'Environment variables of processes that become tags, by name or by prefix (APP_*). Names that sound like a secret (PASSWORD, TOKEN, SECRET, KEY and such) are taken only where they are written out.',
      default: '',
    }),
    excludeCgroups: listSetting({
      description:
        'Control groups (v2) whose processes are not captured, with those in groups below them: paths as in /proc/PID/cgroup, at most 16. For other stages on the same host.',
      default: '',
    }),
    excludeProcesses: listSetting({
      description:
        'Ids of processes that run when the capture begins and are not captured, for as long as they run. The collector itself never is.',
      default: '',
    }),
    loopProbeInterval: durationMsSetting({
      description: 'Time between two searches for new programs with an event loop of libuv.',
      default: '5s',
      minimum: 100,
    }),
  }),
  { name: 'collector', title: 'Collector: capture' },
);

/** Values of {@link captureConfig}. */
export type CaptureConfig = Readonly<ConfigOf<typeof captureConfig>>;
