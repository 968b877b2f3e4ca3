import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { dissectors } from '../dissect/dissectors.ts';
import { socketEvent } from './event.ts';
import { runAgent } from './run-agent.ts';

/** One call on a connection, as the client's host sees it: `C` writes, `S` is read. */
export type Step = readonly [sender: 'C' | 'S', bytes: Buffer, afterMs?: number];

/** How the connection is seen. */
export interface ConnectionView {
  readonly port?: number;
  readonly role?: SocketEvent['role'];
  /** Bytes captured of each run of one direction; of each call behind them, 32. */
  readonly budgetBytes?: number;
  /** Events of one batch, at the end of which the agent's clock moves on. */
  readonly batchEvents?: number;
  /** Whether it ends with a close; else what waits at the end stays open. */
  readonly closes?: boolean;
  /** Where the observer is: on the client's host, unless told otherwise. */
  readonly seenFrom?: 'client' | 'server';
}

const continuationBytes = 32;

/** The spans of one connection that the whole stage makes of it; a step is a millisecond after the one before. */
export function spansOfConnection(steps: readonly Step[], view: ConnectionView = {}): readonly Span[] {
  const { port = 6379, role = 'unknown', budgetBytes = Number.MAX_SAFE_INTEGER, seenFrom = 'client' } = view;
  const server = seenFrom === 'server';
  const ends = server ? { localPort: port, remotePort: 40_000 } : { localPort: 40_000, remotePort: port };
  const sequence = { C: 1000, S: 5000 };
  let timeOffsetNs = 0;
  let messageId = 0;
  let left = 0;
  let last: string | undefined;
  const events = steps.map(([sender, bytes, afterMs = 1], index): SocketEvent => {
    const id = index + 1;
    timeOffsetNs += afterMs * 1_000_000;
    if (sender !== last) {
      messageId = id;
      left = budgetBytes;
    }
    last = sender;
    const payload = bytes.subarray(0, left > 0 ? left : continuationBytes);
    left -= payload.length;
    const tcpSequence = sequence[sender];
    sequence[sender] += bytes.length;
    const direction = (sender === 'C') === server ? 'ingress' : 'egress';
    return socketEvent({
      id,
      ...ends,
      role,
      direction,
      timeOffsetNs,
      messageId,
      payload,
      length: bytes.length,
      tcpSequence,
    });
  });
  if (view.closes === true) events.push(socketEvent({ id: events.length + 1, kind: 'close', timeOffsetNs }));
  const { spans } = runAgent(events, { dissectors, batchEvents: view.batchEvents ?? 300 });
  return [...spans].sort((one, other) => one.requestEventId - other.requestEventId);
}
