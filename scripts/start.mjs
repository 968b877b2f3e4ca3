#!/usr/bin/env node
// `npm start`: prepares what the demo needs, then runs it. Arguments are the demo's: --once, --json FILE, ...
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';
import { say } from './setup/step.mjs';

try {
  // What is missing has been said; the demo then shows its bundled recording.
  await setup(['build', 'demo']);
  const main = join(root, 'dist', 'cli', 'main.js');
  const child = spawn(process.execPath, [main, 'demo', ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => fail(error.message));
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
} catch (error) {
  fail(error.message);
}

function fail(message) {
  say(message);
  process.exitCode = 1;
}
