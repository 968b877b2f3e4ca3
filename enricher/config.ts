import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../core/config/section.ts';
import { bytesSetting, durationMsSetting, integerSetting } from '../core/config/setting.ts';

/** Settings of the enricher; all bounds are per agent where nothing else is said. */
export const enricherConfig = defineConfig(
  z.object({
    maxSockets: integerSetting({
      description: 'Sockets remembered; beyond it the one without events for the longest is forgotten.',
      default: '200000',
      minimum: 1,
    }),
    maxOpenRequests: integerSetting({
      description: 'Requests that may wait for their response; beyond it the oldest is dropped and counted.',
      default: '200000',
      minimum: 1,
    }),
    maxContexts: integerSetting({
      description:
        'Execution contexts (threads) followed; beyond it the one without events for the longest is forgotten.',
      default: '100000',
      minimum: 1,
    }),
    maxProcesses: integerSetting({
      description: 'Processes whose facts are remembered.',
      default: '100000',
      minimum: 1,
    }),
    maxAgents: integerSetting({
      description:
        'Agents followed at once by one instance; beyond it the one not heard of for the longest ends as after silence, newcomers first.',
      default: '10000',
      minimum: 2,
    }),
    maxEntries: integerSetting({
      description:
        'Sockets, open requests, contexts, processes and waiting spans of all agents together; beyond it the agents that have the most lose their oldest.',
      default: '1000000',
      minimum: 1,
    }),
    agentSilence: durationMsSetting({
      description: 'An agent not heard of for so long is gone: its open requests end.',
      default: '10m',
      minimum: 1000,
    }),
    memory: durationMsSetting({
      description:
        'Events this old are read again after a restart or a rebalance, to know processes, connections and habits as before; longer than collectors take to send the facts of all processes again.',
      default: '60s',
    }),
    memoryBytes: bytesSetting({
      description:
        'At most so many bytes of them: on a busy host the last events fill it sooner, and what is older is forgotten by a restart.',
      default: '1GiB',
    }),
    tagWait: durationMsSetting({
      description:
        'A span whose pod is not known yet, or whose peer has an address in a network of pods that nobody has, waits so long for it, by its agent’s clock, before it goes out with less; 0 does not wait.',
      default: '5s',
    }),
    tagSettle: durationMsSetting({
      description:
        'Every span waits so long, by its agent’s clock, before it is tagged for good, so that what changed at its time is known: an address that was given on at once is then never taken for its former owner’s. 2s is enough for Kubernetes; 0 does not wait.',
      default: '0s',
    }),
    maxTagWaiting: integerSetting({
      description: 'Spans of one agent that may wait so; beyond it the oldest goes out as it is.',
      default: '20000',
      minimum: 1,
    }),
    resourceMemory: durationMsSetting({
      description:
        'What has ended is remembered for so long of event time, to tag spans of its time; longer than the enricher can lag. For all agents together.',
      default: '24h',
      minimum: 1000,
    }),
    maxEndedResources: integerSetting({
      description:
        'Versions of resources that ended and are remembered, for all agents together; beyond it those that ended first are forgotten.',
      default: '500000',
      minimum: 0,
    }),
    maxHosts: integerSetting({
      description:
        'Hosts remembered, for all agents together; beyond it the one whose agent told of it longest ago is forgotten.',
      default: '100000',
      minimum: 1,
    }),
  }),
  { name: 'enricher', title: 'Enricher' },
);

/** Values of {@link enricherConfig}. */
export type EnricherConfig = Readonly<ConfigOf<typeof enricherConfig>>;
