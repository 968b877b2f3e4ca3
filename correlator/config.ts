import { z } from 'zod';
import { defineConfig, type ConfigOf } from '../core/config/section.ts';
import {
  booleanSetting,
  bytesSetting,
  durationMsSetting,
  integerSetting,
  textSetting,
} from '../core/config/setting.ts';

/** Settings of the correlator. All durations are event time, measured by the watermarks of the agents. */
export const correlatorConfig = defineConfig(
  z.object({
    quietMs: durationMsSetting({
      description: 'A trace is assembled when none of its spans came for this long.',
      default: '3s',
    }),
    lateMs: durationMsSetting({
      description:
        'How long after its last span a trace takes late spans. They make new revisions of it, at a growing distance.',
      default: '150s',
    }),
    causeWaitMs: durationMsSetting({
      description: 'How long after its last span a trace waits for a server span that one of its calls names.',
      default: '8s',
    }),
    maxOpenMs: durationMsSetting({
      description:
        'A trace that never becomes quiet is emitted this long after its first span, and goes on in revisions.',
      default: '60s',
    }),
    requestIdWindowMs: durationMsSetting({
      description: 'An X-Request-ID links spans to a trace that began at most this long ago.',
      default: '60s',
    }),
    traceIdWindowMs: durationMsSetting({
      description: 'The trace id of a header links spans to a trace that began at most this long ago.',
      default: '5m',
    }),
    maxClockSkewMs: durationMsSetting({
      description: 'How far the clocks of two hosts may be apart before calls between them have been seen.',
      default: '60s',
    }),
    maxTraceSpans: integerSetting({
      description: 'Spans of one trace; what would make it larger becomes another trace.',
      default: '10000',
      minimum: 2,
    }),
    maxRequestIdSpans: integerSetting({
      description: 'Above this many spans with one X-Request-ID it no longer links: then it identifies nothing.',
      default: '1000',
      minimum: 2,
    }),
    maxSpans: integerSetting({
      description: 'Spans in memory. Above it the oldest traces are emitted and forgotten before their time.',
      default: '500000',
      minimum: 1,
    }),
    maxBytes: bytesSetting({
      description: 'Encoded size of the spans in memory. Above it the oldest traces are forgotten before their time.',
      default: '256MiB',
    }),
    redisUrl: textSetting({
      description:
        'Redis where several correlators keep what links their spans, such as redis://127.0.0.1:6379 or rediss://… for TLS; addresses of a cluster are separated by commas. Without it there is one correlator, which keeps all in memory.',
      pattern: /^rediss?:\/\/\S+$/,
      patternText: 'an address that begins with redis:// or rediss://',
    }).optional(),
    redisUser: textSetting({ description: 'User on that Redis.', default: 'default' }),
    redisPassword: textSetting({ description: 'Password of that user.', secret: true }).optional(),
    redisCluster: booleanSetting({
      description: 'That Redis is a cluster.',
      default: 'false',
    }),
    redisPrefix: textSetting({
      description: 'What the names of all keys begin with: one Redis may serve several pipelines.',
      default: 'spanloom:',
      pattern: /^[^{}\s]+$/,
      patternText: 'text without braces and spaces',
    }),
    linkTtl: durationMsSetting({
      description:
        'How long a link key is remembered in Redis: at least as long as one partition of spans may be behind another.',
      default: '10m',
      minimum: 1000,
    }),
  }),
  { name: 'correlator', title: 'Correlator' },
);

/** Values of {@link correlatorConfig}. */
export type CorrelatorConfig = ConfigOf<typeof correlatorConfig>;
