import { spawn } from 'node:child_process';

const quickMs = 2000;
const reminderMs = 5000;

/**
 * Runs one step of the setup and prints one line for it; what takes longer than two seconds says that it is going on.
 * @param {string} name what is done, as the line names it
 * @param {() => Promise<string>} work resolves with what to say about the result
 */
export async function step(name, work) {
  const startMs = performance.now();
  const seconds = () => `${((performance.now() - startMs) / 1000).toFixed(0)} s`;
  const first = setTimeout(() => say(`${name} …`), quickMs);
  const reminder = setInterval(() => say(`${name} … ${seconds()}`), reminderMs);
  try {
    const result = await work();
    say(`${name}: ${result}${performance.now() - startMs > quickMs ? ` (${seconds()})` : ''}`);
  } catch (error) {
    say(`${name}: failed after ${seconds()}`);
    throw error;
  } finally {
    clearTimeout(first);
    clearInterval(reminder);
  }
}

/** Progress goes to standard error, so that standard output stays with the program that is started afterwards. */
export function say(line) {
  process.stderr.write(`[setup] ${line}\n`);
}

/** A command that did not succeed; `output` is the end of what it printed. */
export class CommandError extends Error {
  constructor(command, code, output) {
    super(`${command} ended with ${code}`);
    this.name = 'CommandError';
    this.output = output;
  }
}

/**
 * Runs a command without a shell and without standard input.
 * @returns {Promise<string>} what it printed
 */
export async function run(command, args, { cwd, env = process.env } = {}) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  const output = Buffer.concat(chunks).toString('utf8');
  if (code !== 0) throw new CommandError([command, ...args].join(' '), code, output.slice(-6000));
  return output;
}
