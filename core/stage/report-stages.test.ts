import { expect, it, vi } from 'vitest';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readStageReport, type StageReport } from '../../schemas/generated/stage-report.ts';
import type { OutgoingMessage } from '../bus/bus.ts';
import { runtimeEvents } from '../telemetry/internal-events.ts';
import { createLogger } from '../telemetry/logger.ts';
import { stageTelemetry } from '../telemetry/stage-telemetry.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { Counters } from './accounting.ts';
import { reportStages } from './report-stages.ts';

it('sends all counts again and again, until it is stopped, and goes on where one could not be sent', async () => {
  const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
  const emitted = vi.spyOn(telemetry, 'emit');
  const counters = new Counters(['filtered']);
  const stop = new AbortController();
  const sent: OutgoingMessage[] = [];
  let sends = 0;
  let isClosed = false;
  const producer = {
    send(messages: readonly OutgoingMessage[]) {
      sends++;
      // Two in a row fail: that is said once.
      if (sends === 2 || sends === 3) return Promise.reject(new Error('unavailable'));
      sent.push(...messages);
      if (sends === 5) stop.abort();
      counters.receive(3);
      counters.emit();
      counters.drop('filtered');
      return Promise.resolve();
    },
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };
  stageTelemetry(telemetry, 'enricher', () => counters);
  const pace = { firstMs: 0, everyMs: 0 };
  const bus = { producer: () => Promise.resolve(producer) };
  await reportStages({ bus, telemetry, version: '1.2.3', signal: stop.signal, pace });
  const reports = sent.map(({ value }): StageReport => readStageReport(new AvroReader(value as Buffer)));
  expect(reports.map(({ stages }) => stages)).toEqual(
    [0, 1, 2].map((turns) => [
      {
        stage: 'enricher',
        received: 3 * turns,
        emitted: turns,
        buffered: turns,
        dropped: turns === 0 ? {} : { filtered: turns },
        rejected: {},
        lagMessages: 0,
        lagMs: 0,
      },
    ]),
  );
  expect(new Set(reports.map(({ instance }) => instance)).size).toBe(1);
  expect(reports[0]).toMatchObject({ version: '1.2.3' });
  expect(sent.map(({ topic, key }) => [topic, key])).toEqual(
    reports.map(({ instance }) => ['stage-reports', instance]),
  );
  expect(emitted.mock.calls.filter(([event]) => event === runtimeEvents.unreported)).toHaveLength(1);
  expect(isClosed).toBe(true);
});

it('sends nothing of a process without stages that count, and never throws', async () => {
  const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
  const stop = new AbortController();
  let asked = 0;
  const bus = {
    producer() {
      if (++asked === 2) stop.abort();
      return Promise.reject(new Error('no right'));
    },
  };
  await reportStages({ bus, telemetry, version: '1', signal: stop.signal, pace: { firstMs: 0, everyMs: 0 } });
  expect(asked).toBe(2);
});
