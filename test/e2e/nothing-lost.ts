import { expect } from 'vitest';
import { runPipeline } from '../../cli/pipeline.ts';
import { loadSettings } from '../../cli/settings.ts';
import { processTelemetry } from '../../cli/process/telemetry.ts';
import { expectedSpans } from './expected-spans.ts';
import { storedSpans } from './stored-spans.ts';

/**
 * Lets the stages work off what is in the log of a data directory, then holds what is stored to what the same events
 * become without any interruption: the same spans, each once.
 * @returns how many spans that is
 */
export async function expectNothingLost(dataDirectory: string): Promise<number> {
  await workOff(dataDirectory);
  const expected = await expectedSpans(dataDirectory);
  const stored = await storedSpans(dataDirectory);
  expect([...stored].filter(([, count]) => count !== 1)).toEqual([]);
  expect({ lost: difference(expected, stored), madeUp: difference(stored, expected) }).toEqual({
    lost: [],
    madeUp: [],
  });
  return expected.size;
}

/** Runs the stages on what is in the log until all of it is stored. */
async function workOff(dataDirectory: string): Promise<void> {
  await runPipeline({
    settings: loadSettings({}),
    dataDirectory,
    telemetry: processTelemetry('spanloom-test', 'error'),
    signal: new AbortController().signal,
    source: () => Promise.resolve(),
    ends: true,
    stores: true,
  });
}

function difference(left: ReadonlyMap<string, unknown>, right: ReadonlyMap<string, unknown>): readonly string[] {
  return [...left].filter(([id]) => !right.has(id)).map(([id, what]) => `${id} ${String(what)}`);
}
