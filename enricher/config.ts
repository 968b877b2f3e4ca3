import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../core/config/section.ts';
import { bytesSetting, durationMsSetting, integerSetting } from '../core/config/setting.ts';

/** Settings of the enricher; all bounds are per agent where nothing else is said. */
export const enricherConfig = defineConfig(
  z.object({
    maxSockets: integerSetting({
      description:
        'Sockets remembered per agent, and as many flows of packets; beyond it the one without events for the longest time is forgotten.',
      default: '200000',
      minimum: 1,
    }),
    maxOpenRequests: integerSetting({
      description:
        'Requests per agent that may wait for their response, on sockets, and as many on flows of packets; beyond it the oldest is dropped and counted.',
      default: '200000',
      minimum: 1,
    }),
    maxContexts: integerSetting({
      description:
        'Execution contexts (threads) remembered per agent; beyond it the one without events for the longest time is forgotten.',
      default: '100000',
      minimum: 1,
    }),
    maxProcesses: integerSetting({
      description:
        'Processes per agent whose facts are remembered; beyond it the least recently used one is forgotten.',
      default: '100000',
      minimum: 1,
    }),
    maxAgents: integerSetting({
      description:
        'Agents that one instance keeps state of. Beyond it the agent silent for the longest time is released as after SPANLOOM_ENRICHER_AGENT_SILENCE, new agents first.',
      default: '10000',
      minimum: 2,
    }),
    maxEntries: integerSetting({
      description:
        'Sockets, flows, open requests, contexts, processes, interfaces and waiting records of all agents together; beyond it the agents with the most entries lose their oldest.',
      default: '1000000',
      minimum: 1,
    }),
    agentSilence: durationMsSetting({
      description: 'An agent that sends nothing for this long is released: its open requests end.',
      default: '10m',
      minimum: 1000,
    }),
    memory: durationMsSetting({
      description:
        'Age of the events that a restart or a rebalance reads again, to rebuild processes, connections and learned hypotheses. Must exceed SPANLOOM_COLLECTOR_PROCESS_FACTS_INTERVAL.',
      default: '60s',
    }),
    memoryBytes: bytesSetting({
      description:
        'Bound in bytes, per partition of events, of what a restart reads again. On a busy host it is reached before SPANLOOM_ENRICHER_MEMORY; a restart then rebuilds less.',
      default: '1GiB',
    }),
    tagWait: durationMsSetting({
      description:
        'How long, by its agent’s clock, a span waits for an unknown pod: that of its process, or that of a peer address in a network of pods. Then it goes out with fewer tags. 0 does not wait.',
      default: '5s',
    }),
    tagSettle: durationMsSetting({
      description:
        'How long, by its agent’s clock, every span waits before it is tagged, so that changes at its time are known: a reassigned address then never resolves to its old owner. 2s is enough for Kubernetes; 0 does not wait.',
      default: '0s',
    }),
    maxTagWaiting: integerSetting({
      description:
        'Spans per agent that may wait for tags, and as many records of packets; beyond it the oldest goes out as it is.',
      default: '20000',
      minimum: 1,
    }),
    resourceMemory: durationMsSetting({
      description:
        'How long, in event time, ended versions of resources are kept to tag spans of their time. Must exceed the lag of the enricher.',
      default: '24h',
      minimum: 1000,
    }),
    maxEndedResources: integerSetting({
      description:
        'Ended versions of resources that are kept, for all agents together; beyond it those that ended first are forgotten.',
      default: '500000',
      minimum: 0,
    }),
    maxHosts: integerSetting({
      description:
        'Hosts remembered, for all agents together; beyond it the one whose agent published it longest ago is forgotten.',
      default: '100000',
      minimum: 1,
    }),
  }),
  { name: 'enricher', title: 'Enricher' },
);

/** Values of {@link enricherConfig}. */
export type EnricherConfig = Readonly<ConfigOf<typeof enricherConfig>>;
