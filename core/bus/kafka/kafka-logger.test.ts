import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { createLogger } from '../../telemetry/logger.ts';
import { kafkaLogger } from './kafka-logger.ts';

const { logLevel } = kafkajs;

test('a broker that is away for minutes is a few warnings, not one an attempt', () => {
  const lines: { level: string; repeated?: number }[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as { level: string }) };
  let nowMs = 0;
  const log = kafkaLogger(createLogger({ name: 'test', destination }), () => nowMs)();
  for (; nowMs < 120_000; nowMs += 100) {
    const entry = { timestamp: '', logger: 'kafkajs', message: 'Connection error', broker: '127.0.0.1:9092' };
    log({ namespace: 'Connection', level: logLevel.ERROR, label: 'ERROR', log: entry });
    log({ namespace: 'Runner', level: logLevel.INFO, label: 'INFO', log: { ...entry, message: `again ${nowMs}` } });
  }
  expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn', 'warn']);
  expect(lines[1]!.repeated).toBe(299);
});
