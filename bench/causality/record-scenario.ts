import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../core/free-ports.ts';
import { projectFile } from '../../core/project-files.ts';
import { findProgram } from '../../protocols/testing/programs.ts';
import type { Databases } from './databases.ts';
import { ended, firstLine, ProcessGroup } from './process-group.ts';
import type { ScoredPorts } from './score.ts';
import { callsPerRequest, type Phase, type Shape } from './shapes.ts';
import type { Database, Place, Ports, Stack } from './stack.ts';

/** What came of a load, besides the recording. */
export interface Recorded {
  /** Which run of the bench recorded it. */
  readonly run: string;
  readonly stack: string;
  readonly shape: string;
  readonly inFlight: number;
  readonly ports: ScoredPorts;
  readonly requests: number;
  /** How many requests ended how: a status, or the code of an error. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** What a scenario is recorded with. */
export interface RecordOptions {
  readonly databases: Databases;
  readonly built: Place['built'];
  /** Calls that the gateway makes, about. */
  readonly calls: number;
  /** The recording. */
  readonly file: string;
  /** Ends what runs. */
  readonly signal?: AbortSignal;
}

/** This run, among those whose recordings are kept. */
const run = randomUUID();
const longestStartMs = 60_000;
/** The load ends then, however many requests are left. */
const longestLoadSeconds = 30;
const program = ['--import', 'tsx', projectFile('cli', 'main.ts')];
const workload = (name: string): string => projectFile('bench', 'causality', 'workloads', name);

/**
 * Puts a stack under a load while `spanloom record` captures this host. All processes have ended when it returns.
 * @throws when a process ends early or does not become ready
 */
export async function recordScenario(stack: Stack, shape: Shape, options: RecordOptions): Promise<Recorded> {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-causality-'));
  // Servers that change their user have files there.
  chmodSync(folder, 0o755);
  const group = new ProcessGroup();
  try {
    const databases = databasesOf(stack, shape);
    const ports = await choosePorts(databases, options.databases);
    group.start(process.execPath, [workload('backend.mjs'), String(ports.backend)]);
    const pool = String(stack.pool ?? shape.inFlight);
    const variables = { ...variablesOf(databases, ports), POOL: pool };
    for (const command of stack.commands({ ports, folder, built: options.built }))
      group.start(findProgram(command.program)!, command.args, {
        variables,
        ...(command.folder === undefined ? {} : { folder: command.folder }),
      });
    const { signal } = options;
    await until(() => answers(ports.backend), 'the backend answers', group, signal);
    await until(() => answers(ports.gateway), 'the gateway answers', group, signal);
    const recorder = group.start(process.execPath, [...program, 'record', options.file]);
    // The first batch makes the file: what the gateway answers from then on is in it.
    const isRecording = async (): Promise<boolean> => (await answers(ports.gateway)) && existsSync(options.file);
    await until(isRecording, 'the recording begins', group, signal);
    const load = group.start(process.execPath, loadArguments(stack, shape, ports, options.calls), { isRead: true });
    const result = JSON.parse(await firstLine(load)) as Pick<Recorded, 'requests' | 'outcomes'>;
    await ended(load);
    recorder.kill('SIGINT');
    await ended(recorder);
    if (recorder.exitCode !== 0) throw new Error(group.failure());
    const called = [ports.backend, ...databases.map((database) => ports[database])];
    return {
      run,
      stack: stack.name,
      shape: shape.name,
      inFlight: shape.inFlight,
      ports: { gateway: ports.gateway, called },
      ...result,
    };
  } finally {
    await group.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Databases that the gateway connects to: none, unless it is asked to query them. */
function databasesOf({ databases = [] }: Stack, { phases }: Shape): readonly Database[] {
  return phases.some(({ endpoints }) => endpoints.includes('databases')) ? databases : [];
}

async function choosePorts(wanted: readonly Database[], running: Databases): Promise<Ports> {
  const [gateway, backend, inner, absent] = await freePorts(4);
  const port = async (database: Database): Promise<number> =>
    wanted.includes(database) ? running.port(database) : absent!;
  const [redis, postgres, mariadb] = [await port('redis'), await port('postgres'), await port('mariadb')];
  return { gateway: gateway!, backend: backend!, inner: inner!, redis, postgres, mariadb };
}

/** What the gateways read, besides POOL, the size of their pools. */
function variablesOf(databases: readonly Database[], ports: Ports): Record<string, string> {
  return {
    PORT: String(ports.gateway),
    BACKEND_PORT: String(ports.backend),
    PYTHONDONTWRITEBYTECODE: '1',
    ...Object.fromEntries(databases.map((name) => [`${name.toUpperCase()}_PORT`, String(ports[name])])),
  };
}

function loadArguments(stack: Stack, shape: Shape, ports: Ports, calls: number): readonly string[] {
  const requests = calls / callsPerRequest(shape, stack.databases);
  const phase = ({ endpoints, share }: Phase): string =>
    `${Math.ceil(requests * share)}:${endpoints.map((endpoint) => `/${endpoint}`).join(',')}`;
  const options = [ports.gateway, shape.inFlight, longestLoadSeconds].map(String);
  return [workload('load.mjs'), ...options, ...shape.phases.map(phase)];
}

/** Whether a server answers, and has what it needs: a proxy says 502 before its server is there. */
export async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return response.status < 500;
  } catch {
    return false;
  }
}

/** Waits until a condition holds. @throws when a process of the group ends before, or it takes a minute */
export async function until(
  condition: () => Promise<boolean>,
  what: string,
  group: ProcessGroup,
  signal?: AbortSignal,
): Promise<void> {
  const deadlineMs = performance.now() + longestStartMs;
  while (!(await condition())) {
    const failure = group.failure();
    if (failure !== undefined) throw new Error(failure);
    signal?.throwIfAborted();
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${longestStartMs / 1000} s`);
    await sleep(50);
  }
}
