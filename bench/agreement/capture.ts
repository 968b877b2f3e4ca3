import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { programPath } from '../../protocols/testing/programs.ts';

const settleMs = 300;
/** Where a client is faster than a person wants to wait for tshark, the capture ends before it does. */
const maxPackets = 10_000;

/** Captures the loopback's packets of one port, whole, while work is done. @returns how many the kernel dropped */
export async function captureWhile(file: string, port: number, work: () => Promise<unknown>): Promise<number> {
  const args = [
    '-i',
    'lo',
    '-s',
    '0',
    '-B',
    '131072',
    '-U',
    '--immediate-mode',
    '-c',
    String(maxPackets),
    '-w',
    file,
    'port',
    String(port),
  ];
  const tcpdump = spawn(programPath('tcpdump'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  // Also when the bench fails on the way.
  const end = (): unknown => tcpdump.kill('SIGKILL');
  process.once('exit', end);
  let said = '';
  tcpdump.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await listening(tcpdump, () => said);
  try {
    await work();
  } finally {
    // The last packets, also those that close connections.
    await sleep(settleMs);
    if (tcpdump.exitCode === null) {
      const ended = once(tcpdump, 'exit');
      tcpdump.kill('SIGINT');
      await ended;
    }
  }
  process.off('exit', end);
  return Number(/(\d+) packets dropped by kernel/.exec(said)?.[1] ?? 0);
}

async function listening(tcpdump: ChildProcess, said: () => string): Promise<void> {
  while (!said().includes('listening on')) {
    if (tcpdump.exitCode !== null) throw new Error(`tcpdump does not capture: ${said()}`);
    await sleep(10);
  }
}
