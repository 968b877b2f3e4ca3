import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { anEvent } from '../../schemas/testing/an-event.ts';
import { type AgentRun, runAgent } from './run-agent.ts';

/** One call on a connection: who sent it (`C` the client), what, and how long after the call before (default 1 ms). */
export type Step = readonly [sender: 'C' | 'S', bytes: Buffer, afterMs?: number];

/** How the connection is seen. */
export interface ConnectionView {
  /** Port of the server. */
  readonly port?: number;
  readonly transport?: 'tcp' | 'udp';
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

/** Bytes written as hexadecimal digits. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits, 'hex');
}

/** Each call cut at `cut`: what another client or server does with the same bytes. */
export function cutAt(calls: readonly Step[], cut: number): Step[] {
  return calls.flatMap(([sender, bytes]): Step[] =>
    cut > 0 && cut < bytes.length
      ? [
          [sender, bytes.subarray(0, cut)],
          [sender, bytes.subarray(cut)],
        ]
      : [[sender, bytes]],
  );
}

/** Each call as many of one byte. */
export function byteByByte(calls: readonly Step[]): Step[] {
  return calls.flatMap(([sender, bytes]) => [...bytes].map((byte): Step => [sender, Buffer.from([byte])]));
}

/** The events of one connection; ids count from 1. */
export function connectionEvents(steps: readonly Step[], view: ConnectionView): SocketEvent[] {
  const { port = 6379, transport = 'tcp', role = 'unknown', budgetBytes = Number.MAX_SAFE_INTEGER } = view;
  const onServer = view.seenFrom === 'server';
  const ends = onServer ? { localPort: port, remotePort: 40_000 } : { localPort: 40_000, remotePort: port };
  const sequence = { C: 1000, S: 5000 };
  let timeOffsetNs = 0;
  let messageId = 0;
  let left = 0;
  let last: string | undefined;
  const events = steps.map(([sender, bytes, afterMs = 1], index): SocketEvent => {
    const id = index + 1;
    timeOffsetNs += afterMs * 1_000_000;
    if (sender !== last || transport === 'udp') {
      messageId = id;
      left = budgetBytes;
    }
    last = sender;
    const payload = bytes.subarray(0, Math.max(left, continuationBytes));
    left = Math.max(0, left - bytes.length);
    const tcpSequence = transport === 'tcp' ? sequence[sender] : 0;
    sequence[sender] += bytes.length;
    const direction = (sender === 'C') === onServer ? 'ingress' : 'egress';
    const call = { id, transport, role, direction, timeOffsetNs, messageId, tcpSequence } as const;
    return anEvent({ ...call, ...ends, payload, length: bytes.length });
  });
  if (view.closes === true) events.push(anEvent({ id: events.length + 1, kind: 'close', timeOffsetNs }));
  return events;
}

/** The spans of one connection that the whole stage makes of it, in the order of their requests. */
export function spansOfConnection(steps: readonly Step[], view: ConnectionView = {}): readonly Span[] {
  return spansOfEvents(connectionEvents(steps, view), view.batchEvents);
}

/** The spans that the whole stage makes of these events, in the order of their requests. */
export function spansOfEvents(events: readonly SocketEvent[], batchEvents = 300): readonly Span[] {
  const { spans } = runAgent(events, { dissectors, batchEvents });
  return [...spans].sort((one, other) => one.requestEventId - other.requestEventId);
}

/** What the stage makes of a connection until a minute or so after its last call. */
export function runConnection(steps: readonly Step[], view: ConnectionView & { readonly port: number }): AgentRun {
  return runAgent(connectionEvents(steps, view), { dissectors, idleNs: 130e9 });
}
