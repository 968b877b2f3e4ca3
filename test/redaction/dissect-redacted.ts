import type { Message } from '../../protocols/dissection/dissector.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { SocketDissection } from '../../protocols/dissection/socket-dissection.ts';
import type { ConnectionFacts, RedactedPayload } from './redact-calls.ts';

/** What the enricher makes of a connection: of what was captured, or of what redaction left of it. */
export function dissectPayloads(
  payloads: readonly RedactedPayload[],
  facts: ConnectionFacts,
  which: 'captured' | 'payload',
): string[] {
  const { localRole, localPort, remotePort, transport = 'tcp' } = facts;
  const dissection = new SocketDissection<number>(dissectors, { localRole, localPort, remotePort, transport });
  const messages: string[] = [];
  const report = (message: Message<number>): void => {
    if (message.kind === 'end') return;
    messages.push(
      message.kind === 'request'
        ? `${dissection.protocol} ${message.requestType} ${message.endpoint}`
        : `${message.status} ${message.responseCode} ${message.exception}`,
    );
  };
  payloads.forEach(({ direction, startsMessage, length, [which]: bytes }, origin) => {
    const end = direction === 'egress' ? 'local' : 'remote';
    dissection.read(end, { origin, bytes, length, startsMessage }, report);
  });
  return messages;
}
