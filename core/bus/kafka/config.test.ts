import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../config/load-config.ts';
import { printConfig } from '../../config/print-config.ts';
import { defineConfig } from '../../config/section.ts';
import { kafkaBusOptions, kafkaSettings } from './config.ts';
import type { KafkaBusOptions } from './kafka-connection.ts';

const bus = defineConfig(z.object(kafkaSettings), { name: 'bus', title: 'Log' });
const options = (given: Record<string, string>): KafkaBusOptions | undefined => {
  const environment = Object.fromEntries(Object.entries(given).map(([name, value]) => [`SPANLOOM_BUS_${name}`, value]));
  return kafkaBusOptions(loadConfig(environment, { bus }).bus);
};
const invalid = (part: string): object =>
  expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(part) as string }) as object;

test('without brokers there is no Kafka', () => {
  expect(options({})).toBeUndefined();
  expect(options({ KAFKA_BROKERS: ' , ' })).toBeUndefined();
});

test('brokers are enough', () => {
  expect(options({ KAFKA_BROKERS: 'a:9092, b:9092' })).toMatchObject({
    brokers: ['a:9092', 'b:9092'],
    prefix: 'spanloom.',
  });
});

test('certificates are read from their files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-'));
  const path = join(folder, 'ca.pem');
  writeFileSync(path, 'certificate');
  expect(options({ KAFKA_BROKERS: 'a:1', KAFKA_TLS: 'true', KAFKA_TLS_CA: path })?.tls).toEqual({ ca: 'certificate' });
  rmSync(folder, { recursive: true });
  expect(() => options({ KAFKA_BROKERS: 'a:1', KAFKA_TLS: 'true', KAFKA_TLS_CA: path })).toThrow(invalid(path));
});

test('a broker without its port is refused, instead of being asked for', () => {
  expect(() => options({ KAFKA_BROKERS: 'a:9092, b' })).toThrow(invalid('"b" must be host:port'));
});

test('half a login or half a certificate is refused in one sentence', () => {
  const brokers = { KAFKA_BROKERS: 'a:1' };
  expect(() => options({ ...brokers, KAFKA_SASL: 'plain', KAFKA_USER: 'me' })).toThrow(invalid('KAFKA_PASSWORD'));
  expect(() => options({ ...brokers, KAFKA_PASSWORD: 'tiger' })).toThrow(invalid('KAFKA_SASL'));
  expect(() => options({ ...brokers, KAFKA_TLS: 'true', KAFKA_TLS_KEY: 'x' })).toThrow(invalid('KAFKA_TLS_CERT'));
  expect(() => options({ ...brokers, KAFKA_TLS_CA: 'x' })).toThrow(invalid('KAFKA_TLS is not true'));
});

test('the password is not printed', () => {
  const values = loadConfig({ SPANLOOM_BUS_KAFKA_PASSWORD: 'tiger' }, { bus });
  expect(printConfig({ bus }, values)).not.toContain('tiger');
});
