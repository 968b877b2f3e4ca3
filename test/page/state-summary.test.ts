import { describe, expect, it } from 'vitest';
import { dropReasons, rejectReasons } from '../../enricher/outcomes.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import { reasonText } from '../../query/ui/state/reasons.ts';
import { countsOf, type ProcessState, reportingOf, stageSummaries } from '../../query/ui/state/summary.ts';

const process: ProcessState = {
  stage: 'enricher',
  instance: 'a'.repeat(32),
  host: 'one',
  version: '1.2.3',
  started_at_ns: '1769860800000000000',
  reported_at_ns: '1769860860000000000',
  received: 1_000,
  emitted: 900,
  dropped: { no_protocol: 60, evicted: 5 },
  rejected: { undecodable: 3 },
  buffered: 32,
  lag_messages: 4,
  lag_ms: 1_500,
};
const atNs = (seconds: number): bigint => 1_769_860_800_000_000_000n + BigInt(seconds) * 1_000_000_000n;

describe('counts of stages', () => {
  it('tell what was left out on purpose from what was lost', () => {
    expect(countsOf(process)).toMatchObject({ received: 1_000, emitted: 900, buffered: 32, leftOut: 60, lost: 8 });
  });

  it('show what no outcome explains, but not what may have waited since before the range', () => {
    expect(countsOf(process).unaccounted).toBe(0);
    expect(countsOf({ ...process, received: 1_007 }).unaccounted).toBe(7);
    expect(countsOf({ ...process, received: 900 }).unaccounted).toBe(0);
  });

  it('are sums over processes in the order of the data, with what waits longest', () => {
    const other = { ...process, host: 'two', lag_ms: 9_000, dropped: { evicted: 70 } };
    const summaries = stageSummaries([{ ...process, stage: 'new stage' }, process, other]);
    expect(summaries.map(({ stage, processes }) => [stage, processes.length])).toEqual([
      ['collector', 0],
      ['enricher', 2],
      ['correlator', 0],
      ['sink', 0],
      ['new stage', 1],
    ]);
    expect(summaries[1]).toMatchObject({ received: 2_000, lagMessages: 8, lagMs: 9_000 });
    expect(summaries[1]?.reasons).toEqual([
      { outcome: 'dropped', reason: 'evicted', count: 75 },
      { outcome: 'dropped', reason: 'no_protocol', count: 60 },
      { outcome: 'rejected', reason: 'undecodable', count: 6 },
    ]);
  });
});

describe('a process that reports no longer', () => {
  it('is silent after several reports that did not come', () => {
    expect(reportingOf(process, [process], atNs(80))).toBe('reports');
    expect(reportingOf(process, [process], atNs(100))).toBe('silent');
  });

  it('has ended where a newer one of its stage runs on its host', () => {
    const newer = { ...process, instance: 'b'.repeat(32), started_at_ns: String(atNs(90)) };
    expect(reportingOf(process, [process, newer], atNs(100))).toBe('ended');
    expect(reportingOf(process, [process, { ...newer, host: 'two' }], atNs(100))).toBe('silent');
  });
});

describe('each reason has a sentence', () => {
  const inSchema = [...schemas.EventBatch.text.matchAll(/([a-z]+_[a-z]+|undelivered|failed) \((?=[a-z])/g)].map(
    ([, reason]) => reason!,
  );

  it.each([...dropReasons, ...rejectReasons, ...new Set(inSchema)])('%s', (reason) =>
    expect(reasonText(reason)).not.toContain(reason),
  );

  it('but one that is not known, which is named', () => {
    expect(inSchema).toContain('ring_full');
    expect(reasonText('toString')).toContain('toString');
  });
});
