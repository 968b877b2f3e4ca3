import { describe, expect, test } from 'vitest';
import { Health } from './health.ts';

describe('alive', () => {
  test('a stage whose loop stands still for too long is not; a call that is tried again is a sign of life', () => {
    let nowMs = 0;
    const health = new Health(() => nowMs);
    health.starts('sink');
    health.turns('enricher');
    nowMs = 900;
    health.waits('sink', 'deliver', new Error('away'));
    nowMs = 1_500;
    expect(health.deathProblems(1_000)).toEqual(['enricher: no turn for 2 s']);
    health.turns('enricher');
    expect(health.deathProblems(1_000)).toEqual([]);
    nowMs = 2_000;
    expect(health.deathProblems(1_000)).toEqual(['sink: no turn for 1 s']);
  });

  test('a stage of which something has stopped working is not, nor ready, until that is over', async () => {
    const health = new Health(() => 0);
    health.turns('collector');
    health.fails('collector', 'capture', 'nothing is read');
    health.turns('collector');
    expect(health.deathProblems(1_000)).toEqual(['collector: nothing is read']);
    expect(await health.readinessProblems()).toEqual(['collector: nothing is read']);
    health.heals('collector', 'capture');
    expect(health.deathProblems(1_000)).toEqual([]);
    expect(await health.readinessProblems()).toEqual([]);
  });

  test('what serves without a loop never hangs', () => {
    let nowMs = 0;
    const health = new Health(() => nowMs);
    health.starts('query');
    health.serves('query');
    nowMs = 1e9;
    expect(health.deathProblems(1_000)).toEqual([]);
  });
});

describe('ready', () => {
  test('nothing is before a stage exists: the log and the database are being opened', async () => {
    const health = new Health();
    expect(await health.readinessProblems()).toEqual(['starting, no stage exists yet']);
    expect(health.deathProblems(1_000)).toEqual([]);
    health.turns('enricher');
    expect(await health.readinessProblems()).toEqual([]);
  });

  test('all that stands in the way is named together', async () => {
    const health = new Health();
    health.starts('collector');
    health.turns('sink');
    health.waits('sink', 'deliver', new Error('refused'));
    health.check('ClickHouse', () => Promise.reject(new Error('no route')));
    health.check('Redis', () => Promise.resolve());
    const problems = [
      'collector: starting, has not joined its input yet',
      'sink: deliver fails: refused',
      'ClickHouse: no route',
    ];
    expect(await health.readinessProblems()).toEqual(problems);
    health.drains();
    // Then nobody is asked any more.
    expect(await health.readinessProblems()).toEqual(['draining', ...problems.slice(0, 2)]);
  });

  test('without partitions a stage is not, until it is clear that it stands by for others', async () => {
    let nowMs = 0;
    const health = new Health(() => nowMs);
    health.turns('sink', false);
    expect(await health.readinessProblems()).toEqual(['sink: no partitions are assigned to it']);
    nowMs = 31_000;
    health.turns('sink', false);
    expect(await health.readinessProblems()).toEqual([]);
    health.turns('sink');
    health.turns('sink', false);
    expect(await health.readinessProblems()).toEqual(['sink: no partitions are assigned to it']);
  });
});
