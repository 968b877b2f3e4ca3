import type { Place, Stack } from '../stack.ts';
import { goals } from './goals.ts';

const callsOnly = ['one', 'sequence', 'parallel'] as const;
const withDatabases = [...callsOnly, 'databases'] as const;

/** Runs Python in the folder of the gateways. */
function python(args: (place: Place) => readonly string[]): Pick<Stack, 'toolchains' | 'programs' | 'commands'> {
  return {
    toolchains: ['python'],
    programs: [],
    commands: (place) => [
      {
        program: place.built('python', 'venv', 'bin', 'python'),
        args: args(place),
        folder: place.built('python'),
      },
    ],
  };
}

const uvicorn = (application: string) =>
  python(({ ports }) => [
    ...['-m', 'uvicorn', '--host', '127.0.0.1', '--port', String(ports.gateway), '--loop', 'uvloop'],
    ...['--no-access-log', '--log-level', 'warning', `fastapi_gateway:${application}`],
  ]);

const gunicorn = (...options: string[]) =>
  python(({ ports }) => [
    '-m',
    'gunicorn',
    '-b',
    `127.0.0.1:${ports.gateway}`,
    '-w',
    '2',
    ...options,
    'flask_gateway:app',
  ]);

/** Python: coroutines on event loops, threads, and greenlets. */
export const pythonStacks: readonly Stack[] = [
  {
    ...uvicorn('app'),
    name: 'FastAPI + httpx',
    kind: 'coroutines on uvloop',
    endpoints: withDatabases,
    databases: ['redis', 'postgres'],
    goal: goals.known,
  },
  {
    ...uvicorn('threads'),
    name: 'FastAPI, def handlers + requests',
    kind: 'an event loop that hands requests to threads',
    endpoints: ['one', 'sequence'],
    goal: goals.handedOver,
  },
  {
    ...python(() => ['aiohttp_gateway.py', 'asyncio']),
    name: 'aiohttp',
    kind: "coroutines on asyncio's loop",
    endpoints: withDatabases,
    databases: ['redis', 'postgres'],
    goal: goals.known,
  },
  {
    ...python(() => ['aiohttp_gateway.py', 'uvloop']),
    name: 'aiohttp on uvloop',
    kind: 'coroutines on uvloop',
    endpoints: callsOnly,
    goal: goals.known,
  },
  {
    ...gunicorn('-k', 'gthread', '--threads', '32'),
    name: 'gunicorn threads + Flask',
    kind: 'two processes with 32 threads each; parallel calls by a pool of threads',
    endpoints: withDatabases,
    databases: ['redis', 'postgres', 'mariadb'],
    goal: goals.known,
    goals: { parallel: goals.handedOver },
  },
  {
    ...gunicorn('-k', 'gevent'),
    name: 'gunicorn gevent + Flask',
    kind: 'greenlets on a loop',
    endpoints: ['one', 'sequence'],
    goal: goals.handedOver,
  },
  {
    ...python(() => ['threads_gateway.py']),
    name: 'Python http.server',
    kind: 'a thread per connection',
    endpoints: ['one'],
    goal: goals.known,
  },
];
