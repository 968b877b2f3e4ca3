import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { projectFile } from '../../core/project-files.ts';
import { peakResidentBytes, processorSeconds } from './process-usage.ts';
import { stopChild } from './stop-child.ts';

/** A stage, or a copy, in a process of its own. */
export interface MeasuredProcess {
  readonly pid: number;
  cpuSeconds(): number;
  peakBytes(): number;
  /** Records worked off, and records that wait in state. */
  progress(): Promise<Progress>;
  stop(): Promise<void>;
}

/** How far a process is. */
export interface Progress {
  readonly received: number;
  readonly buffered: number;
  /** Lag in messages and in seconds, as the stage tells it. */
  readonly lagMessages: number;
  readonly lagSeconds: number;
  /** Undefined for a process that does not tell. */
  readonly memory: Memory | undefined;
}

/** What a process says of its memory, in bytes. */
export interface Memory {
  readonly residentBytes: number;
  /** Live objects and garbage that was not collected yet. */
  readonly heapUsedBytes: number;
  /** What V8 has taken for them. */
  readonly heapTotalBytes: number;
  /** Of buffers, outside of V8's heap. */
  readonly externalBytes: number;
}

/** Starts a stage from the build, with settings of its own, and waits until it serves its metrics. */
export async function startStage(
  stage: string,
  settings: Readonly<Record<string, string>>,
  nodeOptions: readonly string[],
): Promise<MeasuredProcess> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SPANLOOM_'));
  const child = spawn(process.execPath, [...nodeOptions, projectFile('dist', 'cli', 'main.js'), stage], {
    env: { ...Object.fromEntries(inherited), SPANLOOM_METRICS_PORT: '0', SPANLOOM_LOG_LEVEL: 'warn', ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
      const found = /Metrics are at (\S+\/metrics)/.exec(errors)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(`the stage ${stage} ended: ${errors}`)));
  });
  child.removeAllListeners('exit');
  return {
    ...measured(child),
    async progress() {
      if (child.exitCode !== null) throw new Error(`the stage ${stage} ended: ${errors.slice(-2_000)}`);
      return readMetrics(await (await fetch(url)).text());
    },
  };
}

/** Starts a plain copy of one topic to another. */
export function startCopy(brokers: string, from: string, to: string): MeasuredProcess {
  const child = spawn(process.execPath, [projectFile('dist', 'bench', 'kafka', 'copy.js'), brokers, from, to], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let received = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const line = text.trim().split('\n').at(-1)!;
    received = (JSON.parse(line) as { readonly messages: number }).messages;
  });
  return {
    ...measured(child),
    progress: () => Promise.resolve({ received, buffered: 0, lagMessages: 0, lagSeconds: 0, memory: undefined }),
  };
}

/** Starts a ClickHouse that answers over HTTP, in a process of its own. */
export async function startClickHouse(
  directory: string,
): Promise<Pick<MeasuredProcess, 'stop'> & { readonly url: string }> {
  const child = spawn(process.execPath, [projectFile('dist', 'bench', 'kafka', 'clickhouse-server.js'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return { ...measured(child), url: `http://127.0.0.1:${port.trim()}` };
}

function measured(child: ChildProcess): Omit<MeasuredProcess, 'progress'> {
  const pid = child.pid!;
  return {
    pid,
    cpuSeconds: () => processorSeconds(pid),
    peakBytes: () => peakResidentBytes(pid),
    stop: () => stopChild(child),
  };
}

function readMetrics(text: string): Progress {
  const values = (name: string): readonly number[] =>
    [...text.matchAll(new RegExp(`^spanloom_stage_${name}\\{[^}]*\\} (\\S+)`, 'gm'))].map(([, value]) => Number(value));
  const processBytes = (name: string): number => Number(new RegExp(`^${name}_bytes (\\S+)`, 'm').exec(text)?.[1]);
  const sum = (name: string): number => values(name).reduce((total, value) => total + value, 0);
  return {
    received: sum('received_total'),
    buffered: sum('buffered'),
    lagMessages: sum('lag_messages'),
    lagSeconds: Math.max(0, ...values('lag_seconds')),
    memory: {
      residentBytes: processBytes('process_resident_memory'),
      heapUsedBytes: processBytes('nodejs_heap_size_used'),
      heapTotalBytes: processBytes('nodejs_heap_size_total'),
      externalBytes: processBytes('nodejs_external_memory'),
    },
  };
}
