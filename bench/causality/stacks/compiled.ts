import type { Stack } from '../stack.ts';
import { goals } from './goals.ts';

const callsOnly = ['one', 'sequence', 'parallel'] as const;

const go = (kind: 'net/http' | 'proxy'): Pick<Stack, 'toolchains' | 'programs' | 'commands'> => ({
  toolchains: ['go'],
  programs: [],
  commands: ({ built }) => [{ program: built('go', 'gateway'), args: [kind] }],
});

const rust = (parallel: 'join' | 'spawn'): Pick<Stack, 'toolchains' | 'programs' | 'commands'> => ({
  toolchains: ['rust'],
  programs: [],
  commands: ({ built }) => [{ program: built('rust', 'target', 'release', 'gateway'), args: [parallel] }],
});

/** Go and Rust: goroutines and tasks that change threads. */
export const compiledStacks: readonly Stack[] = [
  {
    ...go('net/http'),
    name: 'Go net/http',
    kind: 'goroutines',
    endpoints: callsOnly,
    goal: goals.known,
  },
  {
    toolchains: ['go-libraries'],
    programs: [],
    commands: ({ built }) => [{ program: built('go-libraries', 'gateway'), args: ['gin'] }],
    name: 'Go gin',
    kind: 'goroutines; pools of connections of database/sql and go-redis',
    endpoints: [...callsOnly, 'databases'],
    databases: ['redis', 'postgres', 'mariadb'],
    goal: goals.known,
  },
  {
    ...go('proxy'),
    name: 'Go ReverseProxy',
    kind: 'goroutines; the proxy of the standard library',
    endpoints: ['one'],
    goal: goals.known,
  },
  {
    ...rust('join'),
    name: 'axum + reqwest',
    kind: 'tasks of tokio; parallel calls in one task',
    endpoints: callsOnly,
    goal: goals.handedOver,
  },
  {
    ...rust('spawn'),
    name: 'axum + reqwest, tokio::spawn',
    kind: 'tasks of tokio; a task per parallel call',
    endpoints: ['parallel'],
    goal: goals.handedOver,
  },
];
