import type { ProtocolDefinition } from '../protocol-definition.ts';
import { protocols } from '../protocols.ts';
import type { ProtocolExamples } from './protocol-examples.ts';

/** The examples of every protocol of the list, in its order. */
export const examples: readonly (ProtocolExamples & { readonly definition: ProtocolDefinition })[] = await Promise.all(
  protocols.map(async (definition) => {
    const module = (await import(`../${definition.name}/testing/examples.ts`)) as {
      readonly examples: ProtocolExamples;
    };
    return { definition, ...module.examples };
  }),
);

/** A usual port of every protocol, and one that is of none; the same as `kServerPorts` of native/generated/protocols.h. */
export const serverPorts: readonly number[] = [...protocols.map(({ usualPorts }) => usualPorts[0]!), 9999];
