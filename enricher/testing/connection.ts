import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import { dissectors } from '../dissect/dissectors.ts';
import { socketEvent } from './event.ts';
import { type AgentRun, runAgent } from './run-agent.ts';

/** One call on a connection: who sent it, and what. */
export type Exchanged = readonly [sender: 'C' | 'S', bytes: Buffer];

/** Bytes written as hexadecimal digits. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits, 'hex');
}

/** Runs of one direction joined and cut again at `cut`: what another client or server does with the same bytes. */
export function cutAt(calls: readonly Exchanged[], cut: number): Exchanged[] {
  return calls.flatMap(([sender, bytes]): Exchanged[] =>
    cut > 0 && cut < bytes.length
      ? [
          [sender, bytes.subarray(0, cut)],
          [sender, bytes.subarray(cut)],
        ]
      : [[sender, bytes]],
  );
}

/** Each call as many of one byte. */
export function byteByByte(calls: readonly Exchanged[]): Exchanged[] {
  return calls.flatMap(([sender, bytes]) => [...bytes].map((byte): Exchanged => [sender, Buffer.from([byte])]));
}

/**
 * What the enricher makes of a connection as its client's host sees it, with all dissectors, until a minute or so later.
 *
 * @param options.budgetBytes captured of each message; 32 of each further call
 */
export function runConnection(
  calls: readonly Exchanged[],
  options: { readonly port: number; readonly transport?: 'tcp' | 'udp'; readonly budgetBytes?: number },
): AgentRun {
  const { port, transport = 'tcp', budgetBytes = Number.MAX_SAFE_INTEGER } = options;
  const sequences = { C: 1000, S: 5000 };
  let last: 'C' | 'S' | undefined;
  let messageId = 0;
  let left = 0;
  const events = calls.map(([sender, bytes], index): SocketEvent => {
    const id = 100 + index;
    if (sender !== last || transport === 'udp') {
      messageId = id;
      left = budgetBytes;
    }
    last = sender;
    const kept = Math.min(bytes.length, Math.max(left, 32));
    left = Math.max(0, left - bytes.length);
    const tcpSequence = transport === 'tcp' ? sequences[sender] : 0;
    sequences[sender] += bytes.length;
    const direction = sender === 'C' ? 'egress' : 'ingress';
    const payload = bytes.subarray(0, kept);
    const { length } = bytes;
    return socketEvent({ id, direction, transport, remotePort: port, messageId, tcpSequence, payload, length });
  });
  return runAgent(events, { dissectors, idleNs: 130e9 });
}
