import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { PipelineError } from '../errors.ts';
import { formerNamesGiven, loadConfig } from './load-config.ts';
import { printConfig } from './print-config.ts';
import { defineConfig, describeSection, settingNames } from './section.ts';
import {
  booleanSetting,
  bytesSetting,
  choiceSetting,
  durationMsSetting,
  integerSetting,
  listSetting,
  numberSetting,
  textSetting,
} from './setting.ts';

const shared = defineConfig(
  z.object({
    dataDir: textSetting({ description: 'Where state is kept.', default: '.spanloom' }),
    password: textSetting({ description: 'Password of the database.', secret: true }).optional(),
  }),
  { title: 'All stages' },
);
const collector = defineConfig(
  z.object({
    payloadBytes: bytesSetting({ description: 'Bytes of a message that are kept.', default: '512', maximum: 4096 }),
    ringBytes: bytesSetting({ description: 'Ring buffer.', default: '64MiB' }),
    flushAfterMs: durationMsSetting({ description: 'Longest wait.', default: '250ms' }),
    redact: booleanSetting({ description: 'Overwrite secrets.', default: 'true' }),
    ports: listSetting({ description: 'Ports.', default: '80, 443' }),
    mode: choiceSetting(['live', 'packets'], { description: 'Source.', default: 'live' }),
    cpus: integerSetting({ description: 'Processors.', default: '2', minimum: 1 }),
    ratio: numberSetting({ description: 'Share.', default: '0.5' }),
    site: textSetting({ description: 'Where this host stands.' }),
  }),
  { name: 'collector', title: 'Collector' },
);

function problemsOf(environment: Record<string, string>): string {
  try {
    loadConfig(environment, { shared, collector });
  } catch (error) {
    expect(error).toBeInstanceOf(PipelineError);
    return (error as PipelineError).message;
  }
  return '';
}

describe('loadConfig', () => {
  test('defaults and given texts arrive as values of the right type', () => {
    const config = loadConfig(
      {
        SPANLOOM_COLLECTOR_RING_BYTES: '1.5GB',
        SPANLOOM_COLLECTOR_FLUSH_AFTER: '2m',
        SPANLOOM_COLLECTOR_REDACT: 'off',
        SPANLOOM_COLLECTOR_SITE: 'here',
        SPANLOOM_DATA_DIR: '',
        PATH: '/bin',
      },
      { shared, collector },
    );
    expect(config.shared).toEqual({ dataDir: '.spanloom' });
    expect(config.collector).toEqual({
      payloadBytes: 512,
      ringBytes: 1_500_000_000,
      flushAfterMs: 120_000,
      redact: false,
      ports: ['80', '443'],
      mode: 'live',
      cpus: 2,
      ratio: 0.5,
      site: 'here',
    });
  });

  test('all problems of all sections are reported together', () => {
    const message = problemsOf({
      SPANLOOM_COLLECTOR_PAYLOAD_BYTES: '8KiB',
      SPANLOOM_COLLECTOR_RING_BYTES: '64 megs',
      SPANLOOM_COLLECTOR_FLUSH_AFTER: '-1s',
      SPANLOOM_COLLECTOR_REDACT: 'maybe',
      SPANLOOM_COLLECTOR_MODE: 'dead',
      SPANLOOM_COLLECTOR_CPUS: '1.5',
      SPANLOOM_DATA_DIRECTORY: 'x',
    });
    expect(message.split('\n').slice(1)).toEqual([
      '  SPANLOOM_COLLECTOR_PAYLOAD_BYTES: must be at most 4096 bytes, not "8KiB"',
      '  SPANLOOM_COLLECTOR_RING_BYTES: must be a size such as 512, 64KiB or 1GB, not "64 megs"',
      '  SPANLOOM_COLLECTOR_FLUSH_AFTER: must be at least 0 ms, not "-1s"',
      '  SPANLOOM_COLLECTOR_REDACT: must be true or false, not "maybe"',
      '  SPANLOOM_COLLECTOR_MODE: must be one of live, packets, not "dead"',
      '  SPANLOOM_COLLECTOR_CPUS: must be a whole number, not "1.5"',
      '  SPANLOOM_COLLECTOR_SITE: is required',
      '  SPANLOOM_DATA_DIRECTORY: unknown setting',
    ]);
  });

  test('a misspelt name is refused with the name that was meant', () => {
    const message = problemsOf({ SPANLOOM_COLLECTOR_SITE: 'x', SPANLOOM_DATADIR: 'y' });
    expect(message).toContain('SPANLOOM_DATADIR: unknown setting; did you mean SPANLOOM_DATA_DIR?');
    // Three errors away from PORTS, one from SITE.
    expect(problemsOf({ SPANLOOM_COLLECTOR_SITS: 'x' })).toContain('did you mean SPANLOOM_COLLECTOR_SITE?');
  });

  test('names of stages that are not read here are known when the caller says so', () => {
    const environment = { SPANLOOM_COLLECTOR_CPUS: '4' };
    expect(() => loadConfig(environment, { shared })).toThrow('SPANLOOM_COLLECTOR_CPUS');
    expect(loadConfig(environment, { shared }, settingNames([collector])).shared.dataDir).toBe('.spanloom');
  });
});

describe('a setting that had another name', () => {
  const sink = defineConfig(
    z.object({
      waitMs: durationMsSetting({ description: 'Wait.', default: '1s', formerName: 'SPANLOOM_SINK_WAIT_MS' }),
    }),
    { name: 'sink', title: 'Sink' },
  );
  const former = { SPANLOOM_SINK_WAIT_MS: '2s' };

  test('is read under both names, and the former one is reported', () => {
    expect(loadConfig(former, { sink }).sink).toEqual({ waitMs: 2_000 });
    expect(formerNamesGiven(former, { sink })).toEqual([
      'SPANLOOM_SINK_WAIT_MS: former name of SPANLOOM_SINK_WAIT; use the new one',
    ]);
    expect(loadConfig({ SPANLOOM_SINK_WAIT: '3s', SPANLOOM_SINK_WAIT_MS: '' }, { sink }).sink.waitMs).toBe(3_000);
    expect(formerNamesGiven({ SPANLOOM_SINK_WAIT: '3s', SPANLOOM_SINK_WAIT_MS: '' }, { sink })).toEqual([]);
  });

  test('is refused when both names are set, and a problem names the variable that was set', () => {
    expect(() => loadConfig({ ...former, SPANLOOM_SINK_WAIT: '2s' }, { sink })).toThrow(
      'SPANLOOM_SINK_WAIT_MS: former name of SPANLOOM_SINK_WAIT, which is set too; set only the new one',
    );
    expect(() => loadConfig({ SPANLOOM_SINK_WAIT_MS: 'long' }, { sink })).toThrow('SPANLOOM_SINK_WAIT_MS: must be');
  });
});

test('printing the configuration never shows a secret', () => {
  const environment = { SPANLOOM_PASSWORD: 'tiger', SPANLOOM_DATA_DIR: '/data' };
  const text = printConfig({ shared }, loadConfig(environment, { shared }));
  expect(text).toBe('SPANLOOM_DATA_DIR=/data\nSPANLOOM_PASSWORD=***\n');
});

test('every setting describes itself for the documentation', () => {
  expect(describeSection(shared)).toEqual([
    {
      field: 'dataDir',
      environmentName: 'SPANLOOM_DATA_DIR',
      formerName: undefined,
      type: 'text',
      default: '.spanloom',
      required: false,
      secret: false,
      description: 'Where state is kept.',
    },
    {
      field: 'password',
      environmentName: 'SPANLOOM_PASSWORD',
      formerName: undefined,
      type: 'text',
      default: undefined,
      required: false,
      secret: true,
      description: 'Password of the database.',
    },
  ]);
});
