import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { PipelineError } from '../errors.ts';
import { Counters } from '../stage/accounting.ts';
import { createLogger } from './logger.ts';
import { runProcess } from './run-process.ts';
import { serveMetrics } from './serve-metrics.ts';
import { stageTelemetry } from './stage-telemetry.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function recorded(): { telemetry: Telemetry; lines: Line[] } {
  const lines: Line[] = [];
  const destination = { write: (text: string) => void lines.push(JSON.parse(text) as Line) };
  return { telemetry: createTelemetry({ logger: createLogger({ name: 'test', destination }) }), lines };
}

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

test('an event is a log line and a count', async () => {
  const { telemetry, lines } = recorded();
  telemetry.emit({ name: 'ring_full', level: 'error', message: 'The ring was full.' }, { stage: 'collector', lost: 3 });
  expect(lines).toMatchObject([{ level: 'error', event: 'ring_full', lost: 3, msg: 'The ring was full.' }]);
  const text = await telemetry.registry.metrics();
  expect(text).toContain('spanloom_internal_events_total{event="ring_full",stage="collector"} 1');
});

test('secrets do not reach the log', () => {
  const { telemetry, lines } = recorded();
  telemetry.logger.info({ password: 'tiger', request: { authorization: 'Bearer x' } }, 'hello');
  expect(JSON.stringify(lines)).not.toMatch(/tiger|Bearer/);
});

test('the accounting of a stage is what its metrics say, each time they are read', async () => {
  const { telemetry } = recorded();
  const counters = new Counters(['filtered'], ['undecodable']);
  const stage = stageTelemetry(telemetry, 'enricher', () => counters);
  counters.receive(10);
  counters.emit(4);
  counters.drop('filtered', 2);
  counters.reject('undecodable');
  stage.batch({ messages: 2, bytes: 300, durationMs: 12 });
  stage.lag(7);
  await telemetry.registry.metrics();
  const text = await telemetry.registry.metrics();
  for (const line of [
    'spanloom_stage_received_total{stage="enricher"} 10',
    'spanloom_stage_emitted_total{stage="enricher"} 4',
    'spanloom_stage_dropped_total{stage="enricher",reason="filtered"} 2',
    'spanloom_stage_rejected_total{stage="enricher",reason="undecodable"} 1',
    'spanloom_stage_held{stage="enricher"} 3',
    'spanloom_stage_lag_messages{stage="enricher"} 7',
    'spanloom_stage_messages_total{stage="enricher"} 2',
    'spanloom_stage_batch_duration_seconds_count{stage="enricher"} 1',
  ])
    expect(text).toContain(line);
});

test('metrics are served over HTTP', async () => {
  const { telemetry } = recorded();
  const server = await serveMetrics(telemetry.registry, { host: '127.0.0.1', port: 0 });
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  expect(await response.text()).toContain('# TYPE spanloom_internal_events_total counter');
  expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404);
  await server.close();
});

describe('runProcess', () => {
  test('a signal aborts, and the process ends with 0 once main has returned', async () => {
    const { telemetry } = recorded();
    const port = new FakeProcess();
    const running = runProcess(
      (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
      { telemetry, process: port },
    );
    port.emit('SIGTERM');
    expect(await running).toBe(0);
    expect(port.exits).toEqual([]);
    expect(port.eventNames()).toEqual([]);
  });

  test('a second signal and a shutdown without end both end the process', async () => {
    const { telemetry, lines } = recorded();
    const port = new FakeProcess();
    let finish = (): void => undefined;
    const running = runProcess(() => new Promise<void>((resolve) => (finish = resolve)), {
      telemetry,
      process: port,
      shutdownTimeoutMs: 5,
    });
    port.emit('SIGINT');
    port.emit('SIGINT');
    expect(port.exits).toEqual([130]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(port.exits).toEqual([130, 1]);
    expect(lines.at(-1)).toMatchObject({ event: 'crashed', error: { code: 'SHUTDOWN_TIMEOUT' } });
    finish();
    await running;
  });

  test('an error of main and an unhandled rejection are crashes with a code', async () => {
    const { telemetry, lines } = recorded();
    const port = new FakeProcess();
    const failing = runProcess(() => Promise.reject(new PipelineError('CONFIG_INVALID', 'bad')), {
      telemetry,
      process: port,
    });
    expect(await failing).toBe(2);
    const running = runProcess(
      () => {
        port.emit('unhandledRejection', new Error('bug'));
        return Promise.resolve();
      },
      { telemetry, process: port },
    );
    await running;
    expect(port.exits).toEqual([1]);
    expect(lines.filter((line) => line['event'] === 'crashed')).toHaveLength(2);
  });
});
