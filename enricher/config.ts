import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../core/config/section.ts';
import { durationMsSetting, integerSetting } from '../core/config/setting.ts';

/** Settings of the enricher; all bounds are per agent. */
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
  }),
  'enricher',
);

/** Values of {@link enricherConfig}. */
export type EnricherConfig = Readonly<ConfigOf<typeof enricherConfig>>;
