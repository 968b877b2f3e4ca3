import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../config/section.ts';
import { choiceSetting, listSetting } from '../config/setting.ts';
import { parsePublicKey } from './agent-key.ts';
import type { SignaturePolicy } from './agent-signature.ts';

/** Settings of who may speak for an agent: SPANLOOM_AGENTS_…. */
export const agentsConfig = defineConfig(
  z.object({
    signatures: choiceSetting(['required', 'accepted'], {
      description:
        'Whether what agents send has to be signed: required refuses what is not, accepted takes it, for collectors that do not sign yet and topics that nobody else may write. Wrong signatures are always refused. Without it, required on Kafka and accepted on the embedded log.',
    }).optional(),
    trustedKeys: listSetting({
      description:
        'Public keys, separated by commas, that may speak for every agent: of operators who send recordings into Kafka, as `spanloom replay --into-kafka` says them.',
      default: '',
    }).refine((keys) => keys.every((key) => parsePublicKey(key) !== undefined), 'must be public keys of spanloom'),
  }),
  { name: 'agents', title: 'Agents' },
);

/** Values of {@link agentsConfig}. */
export type AgentsConfig = Readonly<ConfigOf<typeof agentsConfig>>;

/** Whose signatures count on a log. @param onKafka others may write there */
export function signaturePolicy({ signatures, trustedKeys }: AgentsConfig, onKafka: boolean): SignaturePolicy {
  return { isRequired: signatures === undefined ? onKafka : signatures === 'required', trustedKeys };
}
