/**
 * `npm run fuzz -- TARGET --minutes N [--seed S]`: tries mutated inputs until the time is over or one is a finding; with
 * `--quick` instead of minutes a fixed number of inputs, as CI does. What is worth keeping goes to .fuzz/TARGET/, from where
 * the next run goes on; a finding goes to .fuzz/findings/, and belongs into fuzz/corpus/TARGET/ once it is mended. `all`
 * runs every target in turn, two at a time.
 */
import { parseArgs } from 'node:util';
import { nativeTargets } from './compile-native.ts';
import { runNative } from './run-native.ts';
import { type Outcome, runTarget } from './run-target.ts';
import { targets } from './targets.ts';

/** With `--quick`: what takes about half a minute of a slow processor. */
const quickInputs: Readonly<Record<string, number>> = {
  messages: 25_000,
  dissectors: 25_000,
  recordings: 12_000,
  parameters: 350_000,
  redaction: 120_000,
  'elf-reader': 700_000,
  // The network is open to everybody: a million.
  packets: 1_000_000,
  netlink: 700_000,
};

const names = [...Object.keys(targets), ...nativeTargets];

function refuse(): never {
  console.error(`usage: npm run fuzz -- TARGET|all [--minutes N | --quick] [--seed S]\ntargets: ${names.join(', ')}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        minutes: { type: 'string', default: '1' },
        seed: { type: 'string', default: '1' },
        quick: { type: 'boolean', default: false },
      },
    });
  } catch {
    return refuse();
  }
}

const { positionals, values } = readArguments();
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const chosen = positionals[0] === 'all' ? names : positionals;
if (chosen.length === 0 || chosen.some((name) => !names.includes(name)) || !(minutes > 0) || !Number.isInteger(seed))
  refuse();

/** What is no input's fault, such as a target that does not compile: the other targets still run. */
function failed(error: unknown): Outcome {
  return { runs: 0, coverage: 0, finding: error instanceof Error ? error.message : String(error) };
}

const waiting = [...chosen];
async function runNext(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const run = nativeTargets.includes(name) ? runNative : runTarget;
    const startedAtMs = performance.now();
    const options = { minutes, seed, ...(values.quick ? { inputs: quickInputs[name]! } : {}) };
    const { runs, coverage, finding } = await run(name, options).catch(failed);
    const seconds = Math.round((performance.now() - startedAtMs) / 1000);
    console.log(`${name}: ${runs} inputs in ${seconds} s, coverage ${coverage}, ${finding ?? 'no finding'}`);
    if (finding !== undefined) process.exitCode = 1;
  }
}
await Promise.all([runNext(), runNext()]);
