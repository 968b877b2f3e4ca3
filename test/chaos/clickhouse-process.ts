import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../core/free-ports.ts';
import { projectFile } from '../../core/project-files.ts';

/** A ClickHouse server that can be killed and made to refuse. */
export interface ClickHouseProcess {
  readonly url: string;
  readonly isUp: () => boolean;
  /** kill -9; what was acknowledged stays. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Answers with an error that passes, for some time. */
  refuse(forMs: number): Promise<void>;
  /** Rows as tab-separated text. */
  rows(sql: string): Promise<readonly string[]>;
}

/** Starts a server on the data in a directory. */
export async function startClickHouse(directory: string): Promise<ClickHouseProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const script = projectFile('test', 'chaos', 'clickhouse-server.ts');
    const started = spawn(process.execPath, ['--import', 'tsx', script, directory, String(port)], {
      cwd: projectFile(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = started;
    const failed = once(started, 'exit').then(() => {
      if (child === started) throw new Error('the ClickHouse server ended');
    });
    failed.catch(() => undefined);
    await Promise.race([once(started.stdout, 'data'), failed]);
  }
  async function kill(): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }
  async function post(path: string, body = ''): Promise<string> {
    const response = await fetch(`${url}${path}`, { method: 'POST', body });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text;
  }
  await start();
  return {
    url,
    isUp: () => child !== undefined,
    kill,
    start,
    refuse: async (forMs) => {
      await post(`/refuse?for=${forMs}`);
    },
    rows: async (sql) => {
      const lines = (await post('/', `${sql} FORMAT TSV`)).split('\n');
      return lines.slice(0, -1);
    },
  };
}
