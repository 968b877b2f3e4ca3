import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import {
  booleanSetting,
  bytesSetting,
  choicesSetting,
  durationMsSetting,
  integerSetting,
  listSetting,
  textSetting,
} from '../../core/config/setting.ts';
import { redactedValues } from '../../native/redacted-values.ts';

/** Settings of the capture: SPANLOOM_COLLECTOR_…. */
export const captureConfig = defineConfig(
  z.object({
    captureEnabled: booleanSetting({
      description:
        'Capture this host with eBPF. With false the collector needs no rights and publishes only its other sources, such as the host.',
      default: 'true',
    }),
    payloadBytes: bytesSetting({
      description: 'Bytes of payload copied per message, over all calls that carry it.',
      default: '512',
      maximum: 4096,
    }),
    continuationBytes: bytesSetting({
      description: "Bytes of payload copied per call once the message's budget is used up.",
      default: '32',
      maximum: 512,
    }),
    ringBytes: bytesSetting({
      description:
        "Size of the kernel's ring buffer, rounded up to a power of two. When it is full, events are lost and counted; a larger one survives longer pauses.",
      default: '16MiB',
      minimum: 64 * 1024,
      maximum: 1024 ** 3,
    }),
    maxSockets: integerSetting({
      description: 'Sockets that the kernel programs remember; beyond it the least recently used one is forgotten.',
      default: '131072',
      minimum: 1024,
      maximum: 16_777_216,
    }),
    pollInterval: durationMsSetting({
      description:
        'Interval between reads of the ring buffer. A shorter one lets a small ring buffer take larger bursts.',
      default: '10ms',
      minimum: 1,
      maximum: 1000,
    }),
    batchInterval: durationMsSetting({
      description:
        'Longest time that an event waits for its batch; 1024 events make a batch sooner. Longer makes larger batches, which cost every stage less, and later traces.',
      default: '100ms',
      maximum: 1000,
    }),
    maxUnacknowledgedBlocks: integerSetting({
      description:
        'Batches that the bus has not acknowledged; above it the collector stops reading and the ring buffer fills.',
      default: '64',
      minimum: 1,
      maximum: 4096,
    }),
    readGoroutines: booleanSetting({
      description:
        'Tell goroutines apart in programs of Go, by reading a few words of their memory at each call on a socket. With false the thread counts, which is wrong for many of their calls.',
      default: 'true',
    }),
    readWaiters: booleanSetting({
      description:
        "Also read who waits for a goroutine's answer, on the stacks of goroutines that write to connections of a pool. Up to some microseconds for each such write.",
      default: 'true',
    }),
    readPython: booleanSetting({
      description:
        'Tell contexts of CPython (contextvars, as the tasks of asyncio have them) and greenlets (gevent) apart, by reading a few words of memory at each call on a socket. With false the thread counts.',
      default: 'true',
    }),
    probePython: booleanSetting({
      description:
        'Also learn what created a context of CPython, so that calls in parallel tasks have their cause. By a probe on PyContext_CopyCurrent() in each file with CPython, which costs some microseconds for each context that is created.',
      default: 'true',
    }),
    unixSockets: booleanSetting({
      description:
        'Capture Unix stream sockets too, if a server bound its end to a path or an abstract name. With false only TCP and UDP.',
      default: 'true',
    }),
    readVirtualThreads: booleanSetting({
      description:
        'Tell virtual threads of Java 21 and later apart (HotSpot, x86_64), by reading a few words of their memory at each call on a socket. With false the thread counts, which leaves most of their calls without a cause.',
      default: 'true',
    }),
    readWakes: booleanSetting({
      description:
        'Also see which thread a thread wakes when it has read the answer to a call, which hints at the request that the call was for: pools of threads, clients with event loops. A program that runs at each wake-up on the host, which takes some 30 ns more.',
      default: 'true',
    }),
    redact: booleanSetting({
      description:
        'Overwrite secrets and withhold bytes that are not recognised before anything leaves the host: docs/redaction.md.',
      default: 'true',
    }),
    redactHeaders: listSetting({
      description: 'Names of further HTTP header fields whose values are credentials; case does not matter.',
      default: '',
    }),
    redactParameters: listSetting({
      description: 'Names of further URL parameters whose values are credentials; case does not matter.',
      default: '',
    }),
    redactValues: choicesSetting(redactedValues, {
      description: `Kinds of which all values are overwritten, whatever they are called: any of ${redactedValues.join(', ')}; see docs/redaction.md.`,
      default: '',
    }),
    sendUnrecognised: booleanSetting({
      description:
        'Also send payloads of connections whose protocol is not recognised, for replay through later dissectors. Only SPANLOOM_COLLECTOR_REDACT_PATTERNS finds secrets in them.',
      default: 'false',
    }),
    redactPatterns: textSetting({
      description:
        'Further secrets to overwrite: regular expressions in RE2 syntax, separated by spaces (write \\x20 for a space). If an expression has groups, only the groups are overwritten.',
    }).optional(),
    maxProcesses: integerSetting({
      description: 'Processes whose facts are kept; beyond it the one seen first is forgotten.',
      default: '65536',
      minimum: 16,
    }),
    processFactsInterval: durationMsSetting({
      description: 'Interval at which the facts of every known process are sent again, for readers that start later.',
      default: '30s',
      minimum: 1000,
    }),
    environmentTags: listSetting({
      description:
        'Environment variables of processes that become tags, by name or by prefix (APP_*). Names that sound like a secret (with PASSWORD, TOKEN, SECRET, KEY, …) count only when listed by their full name.',
      default: '',
    }),
    excludeCgroups: listSetting({
      description:
        'Control groups (v2) whose processes are not captured, including groups below them: paths as in /proc/PID/cgroup, at most 16. Use it for other stages on the same host.',
      default: '',
    }),
    excludeProcesses: listSetting({
      description:
        'Process ids, running when capture begins, that are not captured for as long as they run. The collector never captures itself.',
      default: '',
    }),
    loopProbeInterval: durationMsSetting({
      description: 'Interval between searches for new programs with an event loop of libuv, or of Go.',
      default: '5s',
      minimum: 100,
    }),
  }),
  { name: 'collector', title: 'Collector: capture' },
);

/** Values of {@link captureConfig}. */
export type CaptureConfig = Readonly<ConfigOf<typeof captureConfig>>;
