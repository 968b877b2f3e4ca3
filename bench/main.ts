/** `npm run bench -- NAME [arguments]` runs a bench; without a name it lists them. */
import { spawnSync } from 'node:child_process';
import { projectFile } from '../core/project-files.ts';
import { type Bench, benches } from './benches.ts';

/** Runs a program to its end; its status. */
function run(program: string, options: readonly string[]): number {
  return spawnSync(program, options, { stdio: 'inherit', cwd: projectFile() }).status ?? 1;
}

function runBench({ file, isCompiled, nodeOptions = [] }: Bench, options: readonly string[]): number {
  if (isCompiled !== true)
    return run(process.execPath, [...nodeOptions, '--import', 'tsx', projectFile('bench', file), ...options]);
  const status = run('npm', ['run', '--silent', 'build']);
  const compiled = projectFile('dist', 'bench', file.replace(/\.ts$/, '.js'));
  return status === 0 ? run(process.execPath, [...nodeOptions, compiled, ...options]) : status;
}

const [name, ...options] = process.argv.slice(2);
const bench = benches.find((each) => each.name === name);
if (bench !== undefined) process.exitCode = runBench(bench, options);
else {
  console.log('usage: npm run bench -- NAME [arguments]; bench/README.md says more');
  for (const { name: known, measures } of benches) console.log(`  ${known.padEnd(22)} ${measures}`);
  process.exitCode = name === undefined ? 0 : 2;
}
