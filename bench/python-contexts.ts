/**
 * What reading contexts of CPython costs in the kernel: time in the kernel programs per event of a process that writes to itself
 * and reads it again, on a thread by itself, in a context and, if the interpreter has the package, in a greenlet, with contexts
 * read and without; and per context that is created.
 * The least of several runs counts: other processes of the machine make them longer, never shorter.
 * Needs root: `npx tsx bench/python-contexts.ts [writes] [rounds] [interpreter]`
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Capture } from '../native/capture.ts';
import { loadNative } from '../native/load.ts';
import { smallCapture } from '../native/testing/live-events.ts';

const writes = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 5);
const interpreter = process.argv[4] ?? 'python3';
const statisticsSwitch = '/proc/sys/kernel/bpf_stats_enabled';

/** Begins at a line of its standard input. */
const program = (run: string): string => `
import contextvars, socket, sys
listener = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(listener.getsockname()); server, _ = listener.accept()
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
def work():
    for _ in range(${writes}): client.send(b'x'); server.recv(10)
def create():
    for _ in range(${writes}): contextvars.copy_context()
print('ready', flush=True); sys.stdin.readline()
${run}`;
const greenlet = 'import greenlet; client.send(b"x"); server.recv(10); greenlet.greenlet(work).switch()';
const hasGreenlets = spawnSync(interpreter, ['-c', 'import greenlet'], { stdio: 'ignore' }).status === 0;
const copied = 'contextvars.copy_context().run(contextvars.copy_context().run, work)';

interface Cost {
  readonly nsPerEvent: number;
  readonly nsPerCopy: number;
}

async function measure(run: string, readPython: boolean): Promise<Cost> {
  const child = spawn(interpreter, ['-c', program(run)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(createInterface(child.stdout), 'line');
  const capture: Capture = loadNative().startCapture(
    smallCapture({
      ringBytes: 64 * 1024 * 1024,
      maxSockets: 131072,
      pollIntervalMs: 10,
      readPython,
      probePython: readPython,
      excludedProcessIds: [process.pid],
    }),
    () => capture.acknowledge(1),
  );
  await capture.inspectPrograms(child.pid!, false);
  const before = capture.statistics();
  const ended = once(child, 'exit');
  child.stdin.end('\n');
  await ended;
  const used = capture.statistics().map(({ program: name, runs, runTimeNs }) => {
    const earlier = before.find((each) => each.program === name);
    return { name, runs: runs - (earlier?.runs ?? 0), ns: runTimeNs - (earlier?.runTimeNs ?? 0) };
  });
  await capture.stop();
  const ns = (of: string): number => used.find(({ name }) => name === of)?.ns ?? 0;
  const copies = used.find(({ name }) => name === 'on_python_copy')?.runs ?? 0;
  return {
    nsPerEvent: (ns('on_sys_enter') + ns('on_sys_exit')) / (2 * writes),
    nsPerCopy: ns('on_python_copy') / Math.max(copies, 1),
  };
}

const statisticsBefore = readFileSync(statisticsSwitch, 'utf8');
try {
  writeFileSync(statisticsSwitch, '1');
  for (const [name, run] of [
    ['a thread', 'work()'],
    ['a context', copied],
    ...(hasGreenlets ? [['a greenlet', greenlet] as const] : []),
  ] as const)
    for (const readPython of [false, true]) {
      const costs: Cost[] = [];
      for (let round = 0; round < rounds; round++) costs.push(await measure(run, readPython));
      const least = Math.min(...costs.map(({ nsPerEvent }) => nsPerEvent));
      console.log(`${name}, contexts ${readPython ? 'read' : 'not read'}: ${least.toFixed(0)} ns an event`);
    }
  const costs: Cost[] = [];
  for (let round = 0; round < rounds; round++) costs.push(await measure('create()', true));
  const least = Math.min(...costs.map(({ nsPerCopy }) => nsPerCopy));
  console.log(`a context created: ${least.toFixed(0)} ns, and the trap`);
} finally {
  writeFileSync(statisticsSwitch, statisticsBefore);
}
