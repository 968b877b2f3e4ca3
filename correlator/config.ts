import { z } from 'zod';
import { defineConfig, type ConfigOf } from '../core/config/section.ts';
import {
  booleanSetting,
  bytesSetting,
  durationMsSetting,
  integerSetting,
  numberSetting,
  textSetting,
} from '../core/config/setting.ts';

/**
 * Settings of the correlator. Durations are event time, which follows the watermarks of the agents, with these exceptions:
 *
 * - `linkTtl` is time of the Redis server.
 * - With several correlators, the half that assembles traces uses the bus's timestamps instead of watermarks.
 * - With several correlators, the time of an idle partition advances by the wall clock.
 * - With several correlators, the windows of X-Request-IDs and trace ids compare start times of spans.
 */
export const correlatorConfig = defineConfig(
  z.object({
    quietMs: durationMsSetting({
      description: 'A trace is assembled when none of its spans has arrived for this long.',
      default: '3s',
      formerName: 'SPANLOOM_CORRELATOR_QUIET_MS',
    }),
    lateMs: durationMsSetting({
      description:
        'How long after its last span a trace accepts late spans. They make new revisions, at growing intervals.',
      default: '150s',
      formerName: 'SPANLOOM_CORRELATOR_LATE_MS',
    }),
    causeWaitMs: durationMsSetting({
      description:
        'How long after its last span a trace waits for a server span that one of its calls names as a cause candidate.',
      default: '8s',
      formerName: 'SPANLOOM_CORRELATOR_CAUSE_WAIT_MS',
    }),
    minConfidence: numberSetting({
      description:
        'A span is the parent of a call if the probability of that is at least this; with a lower one it is only a likely parent.',
      default: '0.9',
      minimum: 0,
      maximum: 1,
    }),
    maxOpenMs: durationMsSetting({
      description:
        'A trace that never becomes quiet is emitted this long after its first span; later spans make revisions.',
      default: '60s',
      formerName: 'SPANLOOM_CORRELATOR_MAX_OPEN_MS',
    }),
    requestIdWindowMs: durationMsSetting({
      description: 'An X-Request-ID links spans to a trace that began at most this long ago.',
      default: '60s',
      formerName: 'SPANLOOM_CORRELATOR_REQUEST_ID_WINDOW_MS',
    }),
    traceIdWindowMs: durationMsSetting({
      description: 'A trace id in a header links spans to a trace that began at most this long ago.',
      default: '5m',
      formerName: 'SPANLOOM_CORRELATOR_TRACE_ID_WINDOW_MS',
    }),
    maxClockSkewMs: durationMsSetting({
      description:
        'Largest clock difference of two hosts that is allowed for while no call between them has been seen.',
      default: '60s',
      formerName: 'SPANLOOM_CORRELATOR_MAX_CLOCK_SKEW_MS',
    }),
    maxTraceSpans: integerSetting({
      description: 'Spans of one trace; spans beyond it make another trace.',
      default: '10000',
      minimum: 2,
    }),
    maxRequestIdSpans: integerSetting({
      description: 'Spans with one X-Request-ID; above it the id no longer links, since it identifies nothing.',
      default: '1000',
      minimum: 2,
    }),
    maxSpans: integerSetting({
      description: 'Spans in memory; above it the oldest traces are emitted and forgotten early.',
      default: '500000',
      minimum: 1,
    }),
    maxBytes: bytesSetting({
      description: 'Encoded size of the spans in memory; above it the oldest traces are emitted and forgotten early.',
      default: '256MiB',
    }),
    redisUrl: textSetting({
      description:
        'Redis where several correlators keep link keys, such as redis://127.0.0.1:6379, or rediss://… for TLS; addresses of a cluster are separated by commas. Without it there may be only one correlator, which keeps them in memory.',
      pattern: /^rediss?:\/\/\S+$/,
      patternText: 'an address that begins with redis:// or rediss://',
    }).optional(),
    redisUser: textSetting({ description: 'User for that Redis.', default: 'default' }),
    redisPassword: textSetting({ description: 'Password of that user.', secret: true }).optional(),
    redisCluster: booleanSetting({
      description: 'Whether that Redis is a cluster.',
      default: 'false',
    }),
    redisPrefix: textSetting({
      description: 'Prefix of all keys in Redis. Pipelines that share one Redis need different prefixes.',
      default: 'spanloom:',
      pattern: /^[^{}\s]+$/,
      patternText: 'text without braces and spaces',
    }),
    linkTtl: durationMsSetting({
      description:
        'How long Redis keeps a link key after its last use. Must exceed the time that one partition of spans may be behind another.',
      default: '10m',
      minimum: 1000,
    }),
  }),
  { name: 'correlator', title: 'Correlator' },
);

/** Values of {@link correlatorConfig}. */
export type CorrelatorConfig = ConfigOf<typeof correlatorConfig>;
