/**
 * `npm run fuzz -- TARGET --minutes N [--seed S]`: tries mutated inputs until the time is over or one is a finding. What
 * is worth keeping goes to .fuzz/TARGET/, from where the next run goes on; a finding goes to .fuzz/findings/, and belongs
 * into fuzz/corpus/TARGET/ once it is mended. `all` runs every target in turn, two at a time.
 */
import { parseArgs } from 'node:util';
import { nativeTargets, runNative } from './run-native.ts';
import { runTarget } from './run-target.ts';
import { targets } from './targets.ts';

/** What came of one target. */
export interface Outcome {
  readonly runs: number;
  /** Where coverage was measured: blocks of TypeScript, or edges of C++. */
  readonly coverage: number;
  readonly finding?: string;
}

/** How long and from where. */
export interface FuzzOptions {
  readonly minutes: number;
  readonly seed: number;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const names = [...Object.keys(targets), ...nativeTargets];
const chosen = positionals[0] === 'all' ? names : positionals;
if (chosen.length === 0 || chosen.some((name) => !names.includes(name)) || !(minutes > 0) || !Number.isInteger(seed)) {
  console.error(`usage: npm run fuzz -- TARGET|all [--minutes N] [--seed S]\ntargets: ${names.join(', ')}`);
  process.exit(2);
}

const waiting = [...chosen];
async function runNext(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const run = nativeTargets.includes(name) ? runNative : runTarget;
    const { runs, coverage, finding } = await run(name, { minutes, seed });
    console.log(`${name}: ${runs} inputs in ${minutes} min, coverage ${coverage}, ${finding ?? 'no finding'}`);
    if (finding !== undefined) process.exitCode = 1;
  }
}
await Promise.all([runNext(), runNext()]);
