import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import {
  booleanSetting,
  bytesSetting,
  choiceSetting,
  durationMsSetting,
  integerSetting,
  textSetting,
} from '../../core/config/setting.ts';

import { defaultOtlpTopic } from '../../core/topics.ts';

/** Settings of the sink's destinations for OpenTelemetry: SPANLOOM_SINK_OTLP_…. */
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
    networkSpans: booleanSetting({
      description:
        'Also send the views from the network of calls that were seen in a process. Without them, a call is its client span and ' +
        "below it its server span; a view's children move to the nearest span that stays.",
      default: 'true',
    }),
    endpoint: textSetting({
      description:
        'URL of an OTLP receiver that also gets the traces, such as http://collector:4317. Without it nothing is sent. With https:// ' +
        'or grpcs:// it uses TLS. Over HTTP, a URL without a path gets /v1/traces.',
      pattern: /^(?:https?|grpcs?):\/\/[^/?#@\s]+(?:\/[^\s#@]*)?$/,
      patternText: 'a URL with http://, https://, grpc:// or grpcs:// and without a user: credentials are headers',
    }).optional(),
    protocol: choiceSetting(['grpc', 'http/protobuf'], {
      description: 'Protocol of the endpoint.',
      default: 'grpc',
    }),
    headers: textSetting({
      description:
        'Headers of requests to the endpoint, such as "authorization=Bearer%20abc,tenant=a". Values are percent-encoded.',
      secret: true,
      pattern: /^\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*=[^,]*(?:,\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*=[^,]*)*$/,
    }).optional(),
    compression: choiceSetting(['gzip', 'none'], {
      description: 'Compression of requests to the endpoint.',
      default: 'gzip',
    }),
    timeout: durationMsSetting({
      description: 'Timeout of one request to the endpoint. After it, the request is sent again.',
      default: '10s',
      minimum: 100,
      maximum: 600_000,
    }),
    caFile: textSetting({
      description:
        "PEM file of the authority that signed the endpoint's certificate, in addition to those that the system trusts.",
    }).optional(),
    maxRequestBytes: bytesSetting({
      description:
        'Largest request to the endpoint, before compression. Smaller traces share a request; a larger one takes several. A ' +
        'Collector accepts 4 MiB by gRPC by default.',
      default: '1MiB',
      minimum: 16 * 1024,
      maximum: 64 * 1024 * 1024,
    }),
    maxRequests: integerSetting({
      description: 'Requests to the endpoint at the same time. Those of one trace follow one another.',
      default: '4',
      minimum: 1,
      maximum: 64,
    }),
  }),
  { name: 'sink-otlp', title: 'Sink: OpenTelemetry' },
);

export type OtlpSinkConfig = ConfigOf<typeof otlpSinkConfig>;
