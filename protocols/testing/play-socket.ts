import type { Message, RequestMessage, ResponseMessage } from '../dissection/dissector.ts';
import { dissectors } from '../dissectors.ts';
import { SocketDissection } from '../dissection/socket-dissection.ts';
import { type Call, client, server } from './play.ts';

/** A request with the response it was given, as the enricher pairs them; without one where none came. */
export interface PlayedCall {
  readonly request: RequestMessage<number>;
  readonly response: ResponseMessage<number> | undefined;
}

/** Calls written as hex, each behind C (of the client) or S (of the server). */
export function hexCalls(text: string): Call[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [, sender, hex] = /^\s*([CS]) ([0-9a-f]+)\s*$/.exec(line)!;
      return (sender === 'C' ? client : server)(Buffer.from(hex!, 'hex'));
    });
}

/** Reads calls the whole way from recognition on, on a socket whose client and server the kernel did not see. */
export function playSocket(
  calls: readonly Call[],
  serverPort: number,
  ended = false,
): {
  readonly protocol: string;
  readonly played: readonly PlayedCall[];
  readonly messages: readonly Message<number>[];
} {
  const facts = { localRole: undefined, localPort: 40000, remotePort: serverPort, transport: 'tcp' } as const;
  const socket = new SocketDissection<number>(dissectors, facts);
  const messages: Message<number>[] = [];
  const report = (message: Message<number>): void => void messages.push(message);
  let last: string | undefined;
  calls.forEach(({ sender, bytes, length, startsMessage, afterPause = false }, origin) => {
    const starts = startsMessage ?? sender !== last;
    last = sender;
    const segment = { origin, bytes, length: length ?? bytes.length, startsMessage: starts, afterPause };
    socket.read(sender === 'client' ? 'local' : 'remote', segment, report);
  });
  const { protocol } = socket;
  if (ended) socket.end(report);
  return { protocol, played: pair(messages), messages };
}

/** A response belongs to the request with its id, else to the oldest that waits. */
function pair(messages: readonly Message<number>[]): PlayedCall[] {
  const played: { request: RequestMessage<number>; response: ResponseMessage<number> | undefined }[] = [];
  for (const message of messages) {
    if (message.kind === 'request') played.push({ request: message, response: undefined });
    else if (message.kind === 'response') {
      const call = played.find(
        ({ request, response }) =>
          response === undefined && request.expectsResponse && request.requestId === message.requestId,
      );
      if (call !== undefined) call.response = message;
    }
  }
  return played;
}

/** Cuts one call in two at every byte in turn: what a reader gets when a program reads in pieces. */
export function cutEverywhere(calls: readonly Call[]): Call[][] {
  const ways: Call[][] = [];
  calls.forEach(({ sender, bytes }, index) => {
    for (let at = 1; at < bytes.length; at++) {
      const parts = [bytes.subarray(0, at), bytes.subarray(at)].map((part) => ({ sender, bytes: part }));
      ways.push([...calls.slice(0, index), ...parts, ...calls.slice(index + 1)]);
    }
  });
  return ways;
}
