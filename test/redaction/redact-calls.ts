import type { PayloadRedactor, RedactionOptions } from '../../native/capture.ts';
import { existsSync } from 'node:fs';
import { addonPath, loadNative } from '../../native/load.ts';
import type { PlayedCall } from '../../protocols/testing/marked.ts';

/** Plays calls of sockets through the redaction that runs on the host, as the kernel programs would hand them over. */

/** Why redaction cannot be tried here; undefined when it can. */
export function addonMissing(): string | undefined {
  return existsSync(addonPath) ? undefined : 'the native addon is not built';
}

/** What the host knows of a connection. */
export interface ConnectionFacts {
  readonly localRole?: 'client' | 'server' | undefined;
  readonly localPort: number;
  readonly remotePort: number;
  readonly transport?: 'tcp' | 'udp';
}

/** What the host of one end knows of a TCP connection to a server on this port. */
export function factsAt(end: 'client' | 'server', serverPort: number, isRoleKnown: boolean): ConnectionFacts {
  const [localPort, remotePort] = end === 'client' ? [40_000, serverPort] : [serverPort, 40_000];
  return { localRole: isRoleKnown ? end : undefined, localPort, remotePort };
}

/** What is sent of a call. */
export interface RedactedPayload {
  readonly direction: 'ingress' | 'egress';
  readonly startsMessage: boolean;
  readonly length: number;
  /** What was captured, before redaction. */
  readonly captured: Buffer;
  readonly payload: Buffer;
  readonly redacted: readonly number[];
}

/** Bytes captured of a message and of each call behind that. */
export interface CaptureBudget {
  readonly payloadBytes: number;
  readonly continuationBytes: number;
}

export const wholePayload: CaptureBudget = { payloadBytes: Infinity, continuationBytes: Infinity };
export const defaultBudget: CaptureBudget = { payloadBytes: 512, continuationBytes: 32 };

/** The rules that are built in, and nothing else. */
export const builtInRules: RedactionOptions = {
  patterns: [],
  headers: [],
  parameters: [],
  values: [],
  sendUnrecognised: false,
};

let nextSocketId = 1;

/** Redacts the calls of one socket, in order. */
export function redactCalls(
  calls: readonly PlayedCall[],
  facts: ConnectionFacts,
  budget: CaptureBudget = wholePayload,
  redactor: PayloadRedactor = loadNative().createRedactor(builtInRules),
): RedactedPayload[] {
  const { localRole, localPort, remotePort, transport = 'tcp' } = facts;
  const socketId = nextSocketId++;
  const sequences = { ingress: 1000, egress: 2000 };
  let last: string | undefined;
  let messageBytes = 0;
  const results = calls.map(({ direction, bytes, length = bytes.length }) => {
    const startsMessage = transport === 'udp' || direction !== last;
    if (startsMessage) messageBytes = 0;
    last = direction;
    const { payloadBytes, continuationBytes } = budget;
    const allowed = messageBytes + continuationBytes < payloadBytes ? payloadBytes - messageBytes : continuationBytes;
    messageBytes += length;
    const captured = bytes.subarray(0, Math.min(bytes.length, budget === wholePayload ? Infinity : allowed));
    const payload = Buffer.from(captured);
    const tcpSequence = transport === 'tcp' ? sequences[direction] : 0;
    sequences[direction] += length;
    const call = {
      socketId,
      transport,
      localRole,
      localPort,
      remotePort,
      direction,
      startsMessage,
      tcpSequence,
      length,
    };
    const outcome = redactor.redact(call, payload);
    return {
      direction,
      startsMessage,
      length,
      captured,
      payload: payload.subarray(0, outcome.length),
      redacted: outcome.redacted,
    };
  });
  redactor.forget(socketId);
  return results;
}
