import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('a reader that is slow gets everything', async () => {
  const program = `import { runQuestion } from ${JSON.stringify(join(import.meta.dirname, 'run-command.ts'))};
    await runQuestion(async () => void process.stdout.write('x'.repeat(1e6)));
    process.stderr.write('done');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);
  await new Promise((resolve) => child.stderr.once('data', resolve));
  // Longer than the process lingers.
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  let bytes = 0;
  for await (const chunk of child.stdout) bytes += (chunk as Buffer).length;
  expect(bytes).toBe(1e6);
});
