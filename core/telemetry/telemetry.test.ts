import { expect, test } from 'vitest';
import { Counters } from '../stage/accounting.ts';
import { runtimeEvents } from './internal-events.ts';
import { createLogger } from './logger.ts';
import { serveTelemetry } from './serve-telemetry.ts';
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
  stage.lag([{ topic: 'events', partition: 4, messages: 7, behindSinceMs: 0 }]);
  await telemetry.registry.metrics();
  const text = await telemetry.registry.metrics();
  for (const line of [
    'spanloom_stage_received_total{stage="enricher"} 10',
    'spanloom_stage_emitted_total{stage="enricher"} 4',
    'spanloom_stage_dropped_total{stage="enricher",reason="filtered"} 2',
    'spanloom_stage_rejected_total{stage="enricher",reason="undecodable"} 1',
    'spanloom_stage_buffered{stage="enricher"} 3',
    'spanloom_stage_lag_messages{stage="enricher",topic="events",partition="4"} 7',
    'spanloom_stage_messages_total{stage="enricher"} 2',
    'spanloom_stage_batch_duration_seconds_count{stage="enricher"} 1',
  ])
    expect(text).toContain(line);
});

test('lag is told by partition, grows while nobody measures, and partitions that went away are not told of', async () => {
  const { telemetry } = recorded();
  const stage = stageTelemetry(telemetry, 'sink', () => new Counters());
  const gone = { topic: 'traces', partition: 0, messages: 9, behindSinceMs: Date.now() };
  stage.lag([gone]);
  stage.lag([
    { topic: 'traces', partition: 1, messages: 3, behindSinceMs: Date.now() - 60_000 },
    { topic: 'traces', partition: 2, messages: 0 },
  ]);
  const text = await telemetry.registry.metrics();
  expect(text).toContain('spanloom_stage_lag_messages{stage="sink",topic="traces",partition="1"} 3');
  expect(text).toMatch(/spanloom_stage_lag_seconds\{stage="sink",topic="traces",partition="1"\} 6[0-9]/);
  expect(text).toContain('spanloom_stage_lag_seconds{stage="sink",topic="traces",partition="2"} 0');
  expect(text).not.toContain('partition="0"');
});

test('over HTTP: metrics, and health with the reasons why not', async () => {
  const { telemetry } = recorded();
  const stage = stageTelemetry(telemetry, 'enricher', () => new Counters());
  const server = await serveTelemetry(telemetry, { host: '127.0.0.1', port: 0, livenessTimeoutMs: 60_000 });
  const get = async (path: string): Promise<readonly [number, string]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return [response.status, await response.text()];
  };
  try {
    expect((await get('/metrics'))[1]).toContain('# TYPE spanloom_internal_events_total counter');
    expect((await get('/'))[0]).toBe(404);
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([503, 'enricher: starting, has not joined its input yet\n']);
    stage.turn(0);
    expect(await get('/readyz')).toEqual([503, 'enricher: no partitions are assigned to it\n']);
    stage.turn(2);
    expect(await get('/readyz')).toEqual([200, 'ok\n']);
    stage.emit(runtimeEvents.retried, { call: 'deliver', error: new Error('the broker is away') });
    expect(await get('/readyz')).toEqual([503, 'enricher: deliver fails: the broker is away\n']);
    stage.emit(runtimeEvents.recovered, { call: 'deliver' });
    expect(await get('/readyz')).toEqual([200, 'ok\n']);
  } finally {
    await server.close();
  }
});
