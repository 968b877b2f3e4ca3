import { runTogether } from '../core/run-together.ts';
import { defineStage } from '../core/stage/stage-definition.ts';
import { sinkConfig } from './config.ts';
import { otlpSinkConfig } from './otlp/config.ts';
import { endpointOptions } from './otlp/endpoint/endpoint-options.ts';

/** The sink as a stage: reads traces, flows and resources, writes ClickHouse and, if enabled, OTLP in consumer groups of its own. */
export const sinkStage = defineStage({
  name: 'sink',
  description: 'stores traces, flows and resources in ClickHouse, and sends traces as OTLP where that is switched on',
  settings: { sink: sinkConfig, otlpSink: otlpSinkConfig },
  stores: ['clickHouse', 'bus'],
  reads: [
    { topic: 'traces', group: 'sink', isWhole: false },
    { topic: 'flows', group: 'sink', isWhole: false },
    { topic: 'resources', group: 'sink', isWhole: false },
    { topic: 'agent-resources', group: 'sink', isWhole: false },
    { topic: 'stage-reports', group: 'sink', isWhole: false },
    { topic: 'traces', group: 'sink-otlp', isWhole: false },
    { topic: 'traces', group: 'sink-otlp-endpoint', isWhole: false },
    { topic: 'resources', group: 'sink-otlp-names', isWhole: true },
    { topic: 'agent-resources', group: 'sink-otlp-names', isWhole: true },
  ],
  writes: ['dead-letter', 'stage-reports'],
  unprefixedTopics: ({ otlpSink }) => (otlpSink.enabled ? [otlpSink.topic] : []),
  check({ otlpSink }) {
    endpointOptions(otlpSink);
    return Promise.resolve();
  },
  async run({ settings, unprefixedBus: destination, ...context }) {
    const { runSink } = await import('./run.ts');
    const tasks = [(signal: AbortSignal) => runSink({ ...context, config: settings.sink, signal })];
    if (destination !== undefined) {
      const { runOtlpSink } = await import('./otlp/run.ts');
      tasks.push((signal) => runOtlpSink({ ...context, config: settings.otlpSink, destination, signal }));
    }
    const endpoint = endpointOptions(settings.otlpSink);
    // What is replayed goes to no other system.
    if (endpoint !== undefined && context.untilEnd === undefined) {
      const { runOtlpEndpoint } = await import('./otlp/endpoint/run.ts');
      const { networkSpans } = settings.otlpSink;
      tasks.push((signal) => runOtlpEndpoint({ ...context, endpoint, networkSpans, signal }));
    }
    await runTogether(context.signal, tasks);
  },
});
