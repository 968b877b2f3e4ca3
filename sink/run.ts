import { randomUUID } from 'node:crypto';
import type { SignaturePolicy } from '../core/agents/agent-signature.ts';
import type { Bus } from '../core/bus/bus.ts';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { migrate, renewDictionaries } from '../core/clickhouse/migrate.ts';
import { runTogether } from '../core/run-together.ts';
import { connect } from '../core/stage/connect.ts';
import { runStage } from '../core/stage/run-stage.ts';
import { stageEvents, stageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { CallMetrics } from './call-metrics/call-metrics.ts';
import { keepCallsCounted } from './call-metrics/count-calls.ts';
import type { SinkConfig } from './config.ts';
import { deliverToClickHouse } from './deliver.ts';
import type { EventRange } from './event-range.ts';
import { keepMinutesSummed } from './minutes/sum-minutes.ts';
import { ReloadPace } from './reload-pace.ts';
import { applyRetention } from './retention.ts';
import { sinkMetrics } from './sink-metrics.ts';
import { SinkStage } from './stage.ts';

/** Options of the sink. The caller closes bus and database. */
export interface RunSinkOptions {
  readonly config: SinkConfig;
  readonly signatures: SignaturePolicy;
  readonly bus: Bus;
  readonly clickHouse: ClickHouse;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /**
   * For replay: the input is complete, or will be when the promise resolves; then the sink ends by itself, takes events of
   * any time, leaves the retention of the database as it is, and leaves minutes to be summed up by the next sink that stays.
   */
  readonly untilEnd?: true | Promise<unknown>;
}

function rangeOf({ retention, maxAhead }: SinkConfig): EventRange {
  return { ...(retention === 0 ? {} : { behindMs: retention }), ...(maxAhead === 0 ? {} : { aheadMs: maxAhead }) };
}

/**
 * Migrates the database, then writes traces, flows and resources into it until the signal fires.
 *
 * Input: `traces`, `flows`, `resources`, `agent-resources`, `stage-reports`. Output: rows of tables.ts; sums of
 * flows per minute; dead letters.
 *
 * @throws PipelineError when the database or the bus fails in a way that waiting does not heal
 */
export async function runSink(options: RunSinkOptions): Promise<void> {
  const { config, signatures, bus, clickHouse, telemetry, signal } = options;
  telemetry.health.check('ClickHouse', () => clickHouse.ping());
  // An input that ends is a recording, of any age: its traces are kept.
  const keepsAll = options.untilEnd !== undefined;
  const prepare = async (): Promise<void> => {
    await migrate(clickHouse);
    if (!keepsAll) await applyRetention(clickHouse, config.retention);
    await renewDictionaries(clickHouse);
  };
  await connect('migrate', prepare, { telemetry: stageEvents(telemetry, 'sink'), signal });
  const stage = new SinkStage(
    { maxRows: config.batchRows, maxBytes: config.batchBytes, maxAgeMs: config.batchAge },
    { signatures, ...(keepsAll ? {} : { range: rangeOf(config) }) },
  );
  const metrics = sinkMetrics(telemetry);
  const reloads = new ReloadPace();
  const producer = await bus.producer();
  const consumer = await bus.consumer({ group: 'sink', topics: stage.topics });
  try {
    const store = (stopped: AbortSignal): Promise<void> =>
      runStage({
        name: 'sink',
        stage,
        consumer,
        deliver: (outputs) =>
          deliverToClickHouse(outputs, {
            clickHouse,
            producer,
            reloads,
            refused(buffered) {
              stage.refused(buffered);
            },
            stored: metrics.stored,
          }),
        letters: producer,
        telemetry: stageTelemetry(telemetry, 'sink', () => stage.accounting()),
        signal: stopped,
        // The loop notices a batch that is due by age only at its next turn, so turns must not be much longer than that.
        limits: { maxWaitMs: Math.max(20, Math.min(500, config.batchAge / 2)) },
        ...(options.untilEnd === undefined ? {} : { untilEnd: options.untilEnd }),
      });
    const sum = (stopped: AbortSignal): Promise<void> =>
      keepMinutesSummed(clickHouse, { telemetry: stageEvents(telemetry, 'sink'), signal: stopped });
    const count = (stopped: AbortSignal): Promise<void> =>
      keepCallsCounted(clickHouse, {
        metrics: new CallMetrics(telemetry.registry, config.metricsSeries),
        instance: randomUUID(),
        telemetry: stageEvents(telemetry, 'sink'),
        signal: stopped,
      });
    const counting = config.metricsSeries === 0 ? [] : [count];
    await runTogether(signal, keepsAll ? [store] : [store, sum, ...counting]);
  } finally {
    await consumer.close();
    await producer.close();
  }
}
