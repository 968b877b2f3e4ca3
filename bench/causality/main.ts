/**
 * Are the parents right? Servers that people run, as gateways under load, captured live, scored by a truth that only the scorer
 * reads. Prints right, wrong and unknown parents of each stack and load, and how far confidences are kept.
 *
 *   npx tsx bench/causality/main.ts [part of a name] [--calls N] [--record DIR] [--from DIR] [--write] [--cache DIR]
 *   npx tsx bench/causality/main.ts --rescore FILE PORT[:PORT,PORT…]…
 *
 * part of a name  only scenarios, `stack: load`, that have it in their name; case does not matter
 * --calls N       calls that a gateway makes in each scenario, 10000 by default
 * --record DIR    keeps the recordings
 * --from DIR      scores recordings that were kept, and starts nothing
 * --write         writes the page `truth` in docs/; needs all scenarios
 * --cache DIR     where packages are installed and programs built, by default spanloom-causality in the directory for caches
 * --rescore FILE  scores any recording: ports of the gateway and of what it calls, by default 18080
 *
 * Needs the right to capture. Packages come from npm, PyPI, Maven, the Go proxy and crates; what cannot be had is skipped with a line.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PipelineError } from '../../core/errors.ts';
import { projectFile } from '../../core/project-files.ts';
import { defaultCache } from './cache.ts';
import { Databases } from './databases.ts';
import { isMet, matrix, percent, reliabilityTable, scoredCalls, type Table } from './matrix.ts';
import { truthPage } from './page.ts';
import { type Recorded, recordScenario } from './record-scenario.ts';
import { Reliability } from './reliability.ts';
import { prepareStack, type Scenario, type ScenarioResult, scenarios, scoreRecording } from './scenario.ts';
import type { Score } from './score.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: 'string', default: '10000' },
    record: { type: 'string' },
    from: { type: 'string' },
    write: { type: 'boolean', default: false },
    cache: { type: 'string', default: defaultCache() },
    rescore: { type: 'string' },
  },
});

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort(new Error(name)));

function say(line: string): void {
  console.log(line);
}

/** A whole number from the command line. @throws RangeError */
function wholeNumber(text: string, what: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new RangeError(`${what} is a number, not ${text}`);
  return Number(text);
}

function reasonsOf({ edges }: Pick<Score, 'edges'>): string {
  const counts = new Map<string, { right: number; wrong: number }>();
  for (const { reason, isRight } of edges) {
    const count = counts.get(reason) ?? { right: 0, wrong: 0 };
    count[isRight ? 'right' : 'wrong']++;
    counts.set(reason, count);
  }
  return [...counts].map(([reason, { right, wrong }]) => `${reason} ${right} right ${wrong} wrong`).join(', ');
}

function describe({ right, wrong, unknown, ...score }: Score): string {
  const all = right + wrong + unknown;
  const parts = { right, wrong, unknown };
  const shares = Object.entries(parts).map(([name, count]) => `${name} ${percent(count, all)} % (${count})`);
  const seen = `requests ${score.served}, answered ${score.answered}, calls ${score.calls}`;
  return `${all} calls scored: ${shares.join(', ')}; ${reasonsOf(score) || 'no edges'}; seen: ${seen}`;
}

/** Skips of stacks and failures of scenarios, each with its line. */
const skipped: string[] = [];
const failed: string[] = [];

async function recordAll(chosen: readonly Scenario[], directory: string): Promise<readonly ScenarioResult[]> {
  const calls = wholeNumber(values.calls, '--calls');
  const databases = new Databases();
  const results: ScenarioResult[] = [];
  try {
    for (const stack of new Set(chosen.map((scenario) => scenario.stack))) {
      const { built, missing } = await prepareStack(stack, values.cache);
      if (missing !== undefined) {
        skipped.push(`${stack.name}: ${missing}`);
        say(`${stack.name}: skipped, ${missing}`);
        continue;
      }
      for (const scenario of chosen.filter((each) => each.stack === stack)) {
        interrupted.signal.throwIfAborted();
        const file = join(directory, `${scenario.fileName}.avro`);
        rmSync(file, { force: true });
        const options = { databases, built, calls, file, signal: interrupted.signal };
        try {
          const recorded = await recordScenario(stack, scenario.shape, options);
          writeFileSync(file.replace(/avro$/, 'json'), `${JSON.stringify(recorded)}\n`);
          results.push(await scored(scenario, recorded, file));
        } catch (error) {
          interrupted.signal.throwIfAborted();
          failed.push(scenario.name);
          say(`${scenario.name}: FAILED, ${(error as Error).message}`);
        }
        if (values.record === undefined) rmSync(file, { force: true });
      }
    }
    return results;
  } finally {
    await databases.stop();
  }
}

async function scoreAll(chosen: readonly Scenario[], directory: string): Promise<readonly ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const scenario of chosen) {
    const path = join(directory, scenario.fileName);
    if (!existsSync(`${path}.json`)) {
      failed.push(scenario.name);
      continue;
    }
    const recorded = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Recorded;
    results.push(await scored(scenario, recorded, `${path}.avro`));
  }
  return results;
}

async function scored(scenario: Scenario, recorded: Recorded, file: string): Promise<ScenarioResult> {
  const result = { ...scenario, recorded, ...(await scoreRecording(file, recorded.ports)) };
  const { requests, outcomes, ports } = recorded;
  say(`${scenario.name}: ${describe(result.score)}${isMet(result) ? '' : '; GOAL MISSED'}`);
  say(`  ${requests} requests sent, ended with ${JSON.stringify(outcomes)}; events lost ${result.lost}`);
  if (values.record !== undefined) say(`  --rescore ${file} ${ports.gateway}:${ports.called.join(',')}`);
  return result;
}

function print([headings = [], ...rows]: Table): void {
  const widths = headings.map((_, column) => Math.max(...[headings, ...rows].map((row) => row[column]!.length)));
  for (const row of [headings, ...rows]) say(row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
}

async function rescore(file: string): Promise<number> {
  if (positionals.length === 0) throw new RangeError('--rescore needs PORT[:PORT,PORT…], the port of the gateway');
  const asked = positionals.map((argument) => {
    const [gateway, called = '18080'] = argument.split(':');
    const port = (text: string): number => wholeNumber(text, 'a port');
    return { argument, ports: { gateway: port(gateway!), called: called.split(',').map(port) } };
  });
  for (const { argument, ports } of asked) say(`${argument}: ${describe((await scoreRecording(file, ports)).score)}`);
  return 0;
}

async function run(): Promise<number> {
  const wanted = (positionals[0] ?? '').toLowerCase();
  const chosen = scenarios.filter(({ name }) => name.toLowerCase().includes(wanted));
  if (chosen.length === 0) {
    say(`no scenario has ${wanted} in its name`);
    return 2;
  }
  const directory = values.from ?? values.record ?? mkdtempSync(join(tmpdir(), 'spanloom-recordings-'));
  mkdirSync(directory, { recursive: true });
  try {
    const results = await (values.from === undefined ? recordAll : scoreAll)(chosen, directory);
    const reliability = new Reliability();
    for (const { score } of results) reliability.add(score.edges);
    say('');
    print(matrix(results));
    say('');
    print(reliabilityTable(reliability));
    const missed = results.filter((result) => !isMet(result)).length;
    say(
      `\n${results.length} scenarios, goal missed by ${missed}, failed ${failed.length}, stacks skipped ${skipped.length}`,
    );
    if (values.write) write(results, chosen);
    return missed + failed.length === 0 && results.every((result) => scoredCalls(result) > 0) ? 0 : 1;
  } finally {
    if (values.from === undefined && values.record === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

/** The page is of one complete run. */
function write(results: readonly ScenarioResult[], chosen: readonly Scenario[]): void {
  if (chosen.length < scenarios.length || failed.length > 0) {
    say(`docs/truth.md is not written: not all scenarios were run${failed.map((name) => `\n  ${name}`).join('')}`);
    return;
  }
  writeFileSync(projectFile('docs', 'truth.md'), truthPage(results, skipped));
  say('docs/truth.md is written');
}

try {
  process.exitCode = await (values.rescore === undefined ? run() : rescore(values.rescore));
} catch (error) {
  const isUnderstood = error instanceof RangeError || error instanceof PipelineError;
  if (isUnderstood) say(error.message);
  else if (!interrupted.signal.aborted) throw error;
  process.exitCode = isUnderstood ? 2 : 130;
}
