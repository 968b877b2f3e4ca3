/**
 * Do the dissectors say what tshark says? Real clients against real servers, captured on the loopback, read by both and
 * compared message by message.
 *
 *   npx tsx bench/agreement/main.ts [--only TEXT] [--verbose] [--keep DIR] [--from DIR] [--install] [--cache DIR]
 *
 * --only TEXT   only clients, servers and protocols whose name has TEXT in it
 * --verbose     every difference; by default the first few of a kind
 * --keep DIR    keeps the captures
 * --from DIR    compares captures that were kept, and starts nothing
 * --install     installs the Debian packages that are missing; without it, clients and servers that need them are skipped
 * --cache DIR   where client libraries are installed, by default spanloom-agreement in the directory for temporary files
 *
 * Needs tshark, tcpdump and the right to capture. Client libraries come from npm, PyPI, Maven and the Go proxy.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findProgram } from '../../protocols/testing/programs.ts';
import { type Comparison, compareRecording } from './compare-recording.ts';
import { isWanted, recordAll, type Recording, recordingOf } from './record.ts';
import { printDifferences, printTable } from './report.ts';

const packages: Readonly<Record<string, string>> = {
  tshark: 'tshark',
  tcpdump: 'tcpdump',
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  'valkey-server': 'valkey-server',
  mariadbd: 'mariadb-server',
  mariadb: 'mariadb-client',
  postgres: 'postgresql',
  nginx: 'nginx',
  dnsmasq: 'dnsmasq-base',
  dig: 'bind9-dnsutils',
  ab: 'apache2-utils',
  wrk: 'wrk',
  curl: 'curl',
  wget: 'wget',
  python3: 'python3-venv',
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
    keep: { type: 'string' },
    from: { type: 'string' },
    install: { type: 'boolean', default: false },
    cache: { type: 'string', default: join(tmpdir(), 'spanloom-agreement') },
  },
});

function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Installs one package at a time, so that one that the distribution does not have hinders no other. */
function installMissing(): void {
  const missing = Object.entries(packages).filter(([program]) => findProgram(program) === undefined);
  for (const [program, name] of missing) {
    try {
      execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', name], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    } catch {
      note(`not installed: ${program}: apt-get does not install ${name}`);
    }
  }
}

async function record(captures: string): Promise<Recording[]> {
  mkdirSync(captures, { recursive: true });
  return recordAll({ captures, cache: values.cache, only: values.only, note });
}

if (values.install) installMissing();
const needed = values.from === undefined ? ['tshark', 'tcpdump'] : ['tshark'];
const absent = needed.filter((program) => findProgram(program) === undefined);
if (absent.length > 0) {
  note(`needs ${absent.join(' and ')}: --install brings it on Debian`);
  process.exit(1);
}
const captures = values.keep ?? mkdtempSync(join(tmpdir(), 'spanloom-captures-'));
try {
  const recordings =
    values.from === undefined
      ? await record(captures)
      : readdirSync(values.from)
          .flatMap((name) => recordingOf(values.from!, name) ?? [])
          .filter(({ protocol, server, client }) => isWanted(values.only, protocol, server, client));
  const comparisons: Comparison[] = [];
  for (const recording of recordings) {
    comparisons.push(await compareRecording(recording));
    note(`compared ${recording.client} to ${recording.server}`);
  }
  printTable(comparisons);
  printDifferences(comparisons, values.verbose);
} finally {
  if (values.keep === undefined) rmSync(captures, { recursive: true, force: true });
}
