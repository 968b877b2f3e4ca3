/** Two network namespaces joined by a veth pair, with a server in one of them: real traffic for the live capture. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

/** Why there can be none; undefined where there can. */
export function namespacesMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces take root';
  const tried = spawnSync('ip', ['netns', 'list']);
  return tried.status === 0 ? undefined : 'ip(8) is not installed';
}

let made = 0;

/** Runs ip(8); its arguments are separated by spaces. @throws Error with what it says */
export function ip(line: string): void {
  const { status, stderr, error } = spawnSync('ip', line.split(' '), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${line}: ${error?.message ?? stderr}`);
}

/** What a server answers: `/SIZE` with as many bytes, after the request was read. */
const server = `
  require('node:http').createServer((request, response) => {
    request.resume().on('end', () => response.end('x'.repeat(Number(request.url.slice(1)) || 5)));
  }).listen(8080, '::', () => console.log('ready'));
`;

/** Client at 10.77.0.1, server at 10.77.0.2. */
export class NamespacePair {
  readonly client: string;
  readonly server: string;
  readonly #processes: ChildProcess[] = [];
  readonly #launcher: readonly string[];

  private constructor(prefix: string, launcher: readonly string[]) {
    this.#launcher = launcher;
    this.client = `${prefix}-client`;
    this.server = `${prefix}-server`;
  }

  /** @param launcher program with arguments that runs every other one, such as taskset(1) */
  static async open(launcher: readonly string[] = []): Promise<NamespacePair> {
    const pair = new NamespacePair(`sl${process.pid}-${made++}`, launcher);
    for (const name of [pair.client, pair.server]) {
      ip(`netns add ${name}`);
      ip(`-n ${name} link set lo up`);
    }
    ip(`-n ${pair.client} link add pair0 type veth peer name pair0 netns ${pair.server}`);
    ip(`-n ${pair.client} address add 10.77.0.1/24 dev pair0`);
    ip(`-n ${pair.server} address add 10.77.0.2/24 dev pair0`);
    for (const name of [pair.client, pair.server]) ip(`-n ${name} link set pair0 up`);
    const process_ = pair.run(pair.server, process.execPath, ['-e', server]);
    await once(process_.stdout!, 'data');
    return pair;
  }

  /** Starts a program in a namespace. */
  run(namespace: string, program: string, parameters: readonly string[]): ChildProcess {
    const line = ['netns', 'exec', namespace, ...this.#launcher, program, ...parameters];
    const started = spawn('ip', line, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#processes.push(started);
    return started;
  }

  /** Asks the server, so many times over one connection. @throws Error when there is no answer */
  async get(url: string, times = 1): Promise<void> {
    const curl = this.run(this.client, 'curl', [
      '-sS',
      '-o',
      '/dev/null',
      '--max-time',
      '20',
      ...Array<string>(times).fill(url),
    ]);
    let said = '';
    curl.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    curl.stdout!.resume();
    const [code] = (await once(curl, 'close')) as [number];
    if (code !== 0) throw new Error(`curl ${url}: ${said}`);
  }

  async close(): Promise<void> {
    for (const started of this.#processes) {
      if (started.exitCode !== null || started.signalCode !== null) continue;
      started.kill('SIGKILL');
      await once(started, 'close');
    }
    for (const name of [this.client, this.server]) if (existsSync(`/run/netns/${name}`)) ip(`netns del ${name}`);
  }
}
