import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import { booleanSetting, bytesSetting, textSetting } from '../../core/config/setting.ts';

import { defaultOtlpTopic } from '../../core/topics.ts';

/** Settings of the sink's destination for OpenTelemetry: SPANLOOM_SINK_OTLP_…. */
export const otlpSinkConfig = defineConfig(
  z.object({
    enabled: booleanSetting({
      description: 'Also write traces as OTLP protobuf to a topic that an OpenTelemetry Collector reads.',
      default: 'false',
    }),
    topic: textSetting({
      description:
        "Full name of that topic; it gets no prefix. The default is the topic that the Collector's Kafka receiver reads by default.",
      default: defaultOtlpTopic,
      pattern: /^[a-zA-Z0-9._-]{1,249}$/,
      patternText: 'a name of letters, digits, ".", "_" and "-"',
    }),
    maxMessageBytes: bytesSetting({
      description: "Largest message. A larger trace is sent in several messages. Keep it below the broker's limit.",
      default: '900KiB',
      minimum: 16 * 1024,
      maximum: 64 * 1024 * 1024,
    }),
  }),
  { name: 'sink-otlp', title: 'Sink: OpenTelemetry' },
);

export type OtlpSinkConfig = ConfigOf<typeof otlpSinkConfig>;
