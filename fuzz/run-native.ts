/** Runs a target in C++ under libFuzzer. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { build, described } from './compile-native.ts';
import { corpusFolders, findingsFolder, type FuzzOptions, keep, type Outcome } from './run-target.ts';
import { maxInputBytes } from './target.ts';

export async function runNative(name: string, { minutes, inputs, seed }: FuzzOptions): Promise<Outcome> {
  const target = described[name]!;
  const [kept, project] = corpusFolders(name);
  mkdirSync(kept, { recursive: true });
  mkdirSync(findingsFolder, { recursive: true });
  for (const input of await target.seeds()) keep(kept, input);
  const binary = build(name, target);
  const limits = [
    inputs === undefined ? `-max_total_time=${Math.ceil(minutes * 60)}` : `-runs=${inputs}`,
    `-max_len=${maxInputBytes}`,
    '-timeout=20',
  ];
  const rest = [`-seed=${seed}`, '-rss_limit_mb=1024', '-print_final_stats=1', `-artifact_prefix=${findingsFolder}/`];
  const child = spawn(binary, [...limits, ...rest, kept, ...(existsSync(project) ? [project] : [])]);
  let output = '';
  child.stderr.on('data', (bytes: Buffer) => (output = (output + bytes.toString('latin1')).slice(-20_000)));
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);
  const runs = number(/stat::number_of_executed_units: (\d+)/);
  const coverage = Number([...output.matchAll(/ cov: (\d+)/g)].at(-1)?.[1] ?? 0);
  if (code === 0) return { runs, coverage };
  console.error(
    output
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n'),
  );
  const artifact = /Test unit written to (\S+)/.exec(output)?.[1];
  return { runs, coverage, finding: `finding in ${artifact ?? 'the output above'}` };
}
