/**
 * How fast does a recording become traces in ClickHouse? All stages in one process, over the embedded log.
 *
 *   npx tsx bench/replay.ts RECORDING [runs]
 *
 * Prints, as medians: events per second through everything, the ratio to reading and decoding the same file only, the
 * processor time and the largest memory; then, from one more run under V8's sampling profiler, the share of each stage in
 * the main thread's time. Make a recording with `spanloom record FILE` while something busy runs, or take the demo's.
 */
import { Session } from 'node:inspector/promises';
import { RecordingReader } from '../collector/replay/recording-reader.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readEventBatch } from '../schemas/generated/event-batch.ts';
import { replayOnce } from './replay/replay-once.ts';

const file = process.argv[2];
const runs = Number(process.argv[3] ?? 3);
if (file === undefined) throw new Error('usage: bench/replay.ts RECORDING [runs]');

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function decodeOnly(path: string): Promise<{ readonly events: number; readonly seconds: number }> {
  const begin = performance.now();
  let events = 0;
  const reader = await RecordingReader.open(path);
  for await (const { value } of reader.batches()) events += readEventBatch(new AvroReader(value)).events.length;
  await reader.close();
  return { events, seconds: (performance.now() - begin) / 1000 };
}

/** The innermost of these folders on a sample's stack has the sample. */
const owners: readonly (readonly [string, RegExp])[] = [
  ['enricher', /\/enricher\//],
  ['correlator', /\/correlator\//],
  ['sink', /\/sink\/|\/core\/clickhouse\/|@clickhouse|chdb/],
  ['reading the recording', /\/collector\//],
  ['embedded log', /\/core\/bus\/|\/lmdb\//],
  ['stage runtime', /\/core\/stage\//],
];

async function shares(path: string): Promise<ReadonlyMap<string, number>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  await replayOnce(path);
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const parentOf = new Map<number, number>();
  const nodeOf = new Map(profile.nodes.map((node) => [node.id, node]));
  for (const node of profile.nodes) for (const child of node.children ?? []) parentOf.set(child, node.id);
  const samplesOf = new Map<string, number>();
  for (const id of profile.samples ?? []) {
    let owner = 'other';
    if (nodeOf.get(id)!.callFrame.functionName === '(idle)') owner = 'idle';
    else if (nodeOf.get(id)!.callFrame.functionName === '(garbage collector)') owner = 'garbage collection';
    else {
      for (let at: number | undefined = id; at !== undefined && owner === 'other'; at = parentOf.get(at)) {
        const { url } = nodeOf.get(at)!.callFrame;
        owner = owners.find(([, pattern]) => pattern.test(url))?.[0] ?? 'other';
      }
    }
    samplesOf.set(owner, (samplesOf.get(owner) ?? 0) + 1);
  }
  return samplesOf;
}

const decoded = await decodeOnly(file);
const results = [];
for (let run = 0; run < runs; run++) results.push(await replayOnce(file));
const seconds = median(results.map((result) => result.seconds));
const decodeSeconds = median([decoded.seconds, (await decodeOnly(file)).seconds, (await decodeOnly(file)).seconds]);
console.log(
  `${decoded.events} events: ${Math.round(decoded.events / seconds)} events/s through all stages into ClickHouse (median of ${runs})`,
);
console.log(
  `reading and decoding only: ${Math.round(decoded.events / decodeSeconds)} events/s; ratio ${(decodeSeconds / seconds).toFixed(3)}`,
);
console.log(
  `processor ${median(results.map((result) => result.cpuSeconds)).toFixed(1)} s over ${seconds.toFixed(1)} s; largest memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
);
const samples = await shares(file);
const busy = [...samples].filter(([owner]) => owner !== 'idle').reduce((sum, [, count]) => sum + count, 0);
for (const [owner, count] of [...samples].sort((a, b) => b[1] - a[1])) {
  if (owner !== 'idle') console.log(`  ${owner.padEnd(24)} ${((100 * count) / busy).toFixed(1)} %`);
}
process.exit(0);
