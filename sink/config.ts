import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../core/config/section.ts';
import { bytesSetting, durationMsSetting, integerSetting } from '../core/config/setting.ts';

/** Settings of the sink: SPANLOOM_SINK_…. Where the database is, is in core/clickhouse/config.ts. */
export const sinkConfig = defineConfig(
  z.object({
    batchRows: integerSetting({
      description: 'A batch of rows is written when it has this many spans and resources.',
      default: '50000',
      minimum: 1,
      maximum: 1_000_000,
    }),
    batchBytes: bytesSetting({
      description: 'A batch of rows is written when it has this size.',
      default: '32MiB',
      minimum: 1024,
      maximum: 1024 ** 3,
    }),
    batchAge: durationMsSetting({
      description:
        'A batch of rows is written at the latest this long after its first row. Shorter makes more and smaller parts, which the database has to merge.',
      default: '2s',
      maximum: 60_000,
    }),
    retention: durationMsSetting({
      description:
        'Age at which traces are removed from the database. Traces that are older on arrival become dead letters. 0 keeps and stores all.',
      default: '30d',
      maximum: 36_500 * 86_400_000,
    }),
    maxAhead: durationMsSetting({
      description:
        'Traces that begin further in the future than this become dead letters: the clock of their host is wrong. 0 sets no bound.',
      default: '1h',
      maximum: 36_500 * 86_400_000,
    }),
    metricsSeries: integerSetting({
      description:
        'Series of the metrics traces_service_graph_… and traces_spanmetrics_… at most; an edge between two services has 40, a name of a span 20. Calls beyond count under the labels `other`. 0 turns these metrics off.',
      default: '40000',
      minimum: 0,
      maximum: 10_000_000,
    }),
  }),
  { name: 'sink', title: 'Sink' },
);

export type SinkConfig = ConfigOf<typeof sinkConfig>;
