/**
 * `npm run test:chaos -- --kills N [--seed S] [--sets N] [--keep] [--set NAME=VALUE]…`: the chaos program by hand, with
 * further settings of the stages. Exit code 1 when anything differs.
 */
import { parseArgs } from 'node:util';
import { runChaos } from './run-chaos.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    sets: { type: 'string', default: '2' },
    keep: { type: 'boolean', default: false },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const { problems, ...figures } = await runChaos({
  kills: Number(values.kills),
  seed: Number(values.seed),
  sets: Number(values.sets),
  keep: values.keep,
  settings: Object.fromEntries(values.set.map((text) => text.split('=', 2) as [string, string])),
  say: (line) => process.stdout.write(`${line}\n`),
});
for (const problem of problems) process.stdout.write(`${problem}\n`);
process.stdout.write(`${JSON.stringify({ differences: problems.length, ...figures })}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
