import { readResource, type Resource } from '../../schemas/generated/resource.ts';
import type { ReceivedMessage } from '../bus/bus.ts';
import { type Decoded, decodeValue } from '../codec.ts';
import { agentResourceProblem } from './agent-resources.ts';
import type { SignatureChecker, SignatureProblem } from './agent-signature.ts';

/** Reads a message of the topic `agent-resources`: a host or a process, of the agent that signed it. */
export function readAgentResource(
  message: ReceivedMessage,
  signatures: SignatureChecker,
): Decoded<Resource> | SignatureProblem {
  const author = signatures.authorOf(message);
  if (author.kind === 'refused') return author;
  const decoded = decodeValue('Resource', message, readResource);
  if (decoded.kind === 'rejected') return decoded;
  return agentResourceProblem(decoded.value, message.key, author) ?? decoded;
}
