// Runs a program that knows nothing of its parent (a database server) and ends it when the parent is gone.
// Arguments: the program and its arguments. Exits with the program's code.
import { spawn } from 'node:child_process';

const killAfterMs = 5000;
const [program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
child.once('error', (error) => {
  console.error(error.message);
  process.exit(127);
});
child.once('exit', (code) => process.exit(code ?? 1));

function end() {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), killAfterMs);
}

process.stdin.resume();
process.stdin.once('end', end);
process.stdin.once('error', end);
// Ctrl-C in a terminal reaches the whole process group: the parent decides when the stores go.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', end);
