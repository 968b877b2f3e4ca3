import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../config/section.ts';
import { choiceSetting, listSetting } from '../config/setting.ts';
import { parsePublicKey } from './agent-key.ts';
import type { SignaturePolicy } from './agent-signature.ts';

/** Settings of agents' signatures: SPANLOOM_AGENTS_…. */
export const agentsConfig = defineConfig(
  z.object({
    signatures: choiceSetting(['required', 'accepted'], {
      description:
        'Whether messages of agents need a signature. required: unsigned ones become dead letters. accepted: they are processed, for collectors of older versions. A wrong signature is always refused. Default: required on Kafka, accepted on the embedded log.',
    }).optional(),
    trustedKeys: listSetting({
      description:
        'Public keys that may sign for every agent: keys of operators who send recordings into Kafka. `spanloom replay --into-kafka` prints its key.',
      default: '',
    }).refine((keys) => keys.every((key) => parsePublicKey(key) !== undefined), 'must be public keys of spanloom'),
  }),
  { name: 'agents', title: 'Agents' },
);

/** Values of {@link agentsConfig}. */
export type AgentsConfig = Readonly<ConfigOf<typeof agentsConfig>>;

/** The signature policy of a log. @param onKafka whether other processes may write to the log */
export function signaturePolicy({ signatures, trustedKeys }: AgentsConfig, onKafka: boolean): SignaturePolicy {
  return { isRequired: signatures === undefined ? onKafka : signatures === 'required', trustedKeys };
}
