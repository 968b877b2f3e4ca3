import type { SemanticConventions } from './protocol-definition.ts';
import { protocols } from './protocols.ts';

const byProtocol: ReadonlyMap<string, SemanticConventions> = new Map(
  protocols.map(({ name, conventions }) => [name, conventions]),
);

/** The conventions that spans of a protocol follow; undefined for `unknown`. */
export function conventionsOf(protocol: string): SemanticConventions | undefined {
  return byProtocol.get(protocol);
}
