import type { Stack } from '../stack.ts';
import { goals } from './goals.ts';

type Framework = 'express' | 'fastify' | 'cluster' | 'worker_threads';

const all = ['redis', 'postgres', 'mariadb'] as const;
const callsOnly = ['one', 'sequence', 'parallel'] as const;
const withDatabases = [...callsOnly, 'databases'] as const;

const gateway = (
  framework: Framework,
  client: 'axios' | 'undici' | 'fetch',
): Pick<Stack, 'toolchains' | 'programs' | 'commands'> => ({
  toolchains: ['node'],
  programs: [],
  commands: ({ built }) => [{ program: process.execPath, args: [built('node', 'gateway.mjs'), framework, client] }],
});

const plain = (...mode: string[]): Pick<Stack, 'toolchains' | 'programs' | 'commands'> => ({
  toolchains: ['node'],
  programs: [],
  commands: ({ built }) => [{ program: process.execPath, args: [built('node', 'http-gateway.mjs'), ...mode] }],
});

/** Node: an event loop, with pools of connections. */
export const nodeStacks: readonly Stack[] = [
  {
    ...plain(),
    name: 'Node http',
    kind: "event loop; Node's own server and client",
    endpoints: [...callsOnly, 'timer'],
    goal: goals.known,
    goals: { timer: goals.none },
  },
  {
    ...plain('new'),
    name: 'Node http, a connection per call',
    kind: 'event loop; no pool',
    endpoints: ['one'],
    goal: goals.known,
  },
  {
    ...gateway('express', 'axios'),
    name: 'express + axios',
    kind: 'event loop; pools of connections',
    endpoints: withDatabases,
    databases: all,
    goal: goals.known,
  },
  {
    ...gateway('express', 'axios'),
    name: 'express + axios, a pool that runs dry',
    kind: 'event loop; requests wait for connections to PostgreSQL and MariaDB',
    endpoints: ['sequence', 'databases'],
    databases: all,
    pool: 20,
    goal: goals.known,
  },
  {
    ...gateway('express', 'fetch'),
    name: 'express + fetch',
    kind: 'event loop; the client writes in a later turn',
    endpoints: callsOnly,
    goal: goals.known,
  },
  {
    ...gateway('fastify', 'undici'),
    name: 'fastify + undici',
    kind: 'event loop; the client writes in a later turn',
    endpoints: callsOnly,
    goal: goals.known,
  },
  {
    ...gateway('cluster', 'axios'),
    name: 'Node cluster',
    kind: 'three processes that share a listener',
    endpoints: callsOnly,
    goal: goals.known,
  },
  {
    ...gateway('worker_threads', 'undici'),
    name: 'Node worker_threads',
    kind: 'requests are handed to three threads',
    endpoints: callsOnly,
    goal: goals.handedOver,
  },
];
