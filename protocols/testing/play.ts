import type { Dissector, Message, RequestMessage, ResponseMessage, Sender } from '../dissection/dissector.ts';

/** One call on a connection. `length` says how much it moved when not all was captured; `startsMessage` overrides. */
export interface Call {
  readonly sender: Sender;
  readonly bytes: Buffer;
  readonly length?: number;
  readonly startsMessage?: boolean;
  readonly afterPause?: boolean;
}

/** What a call of the client carries. */
export function client(bytes: Buffer, length?: number): Call {
  return length === undefined ? { sender: 'client', bytes } : { sender: 'client', bytes, length };
}

/** What a call of the server carries. */
export function server(bytes: Buffer, length?: number): Call {
  return length === undefined ? { sender: 'server', bytes } : { sender: 'server', bytes, length };
}

/** What came of a conversation. The origin of a message is the index of its call. */
export interface Played {
  readonly messages: readonly Message<number>[];
  readonly requests: readonly RequestMessage<number>[];
  readonly responses: readonly ResponseMessage<number>[];
  readonly desynchronized: boolean;
}

/** Reads the calls through a fresh conversation of the dissector. */
export function play(dissector: Dissector, calls: readonly Call[], ended = false): Played {
  const conversation = dissector.open<number>();
  const messages: Message<number>[] = [];
  let last: Sender | undefined;
  calls.forEach(({ sender, bytes, length, startsMessage, afterPause = false }, origin) => {
    const starts = startsMessage ?? sender !== last;
    last = sender;
    if (conversation.desynchronized) return;
    conversation.read(
      sender,
      { origin, bytes, length: length ?? bytes.length, startsMessage: starts, afterPause },
      (message) => messages.push(message),
    );
  });
  if (ended) conversation.end((message) => messages.push(message));
  return {
    messages,
    requests: messages.filter((message) => message.kind === 'request'),
    responses: messages.filter((message) => message.kind === 'response'),
    desynchronized: conversation.desynchronized,
  };
}

/** Cuts calls as a capture with a budget does: so many bytes of each run of one direction, then so many of each call. */
export function withBudget(calls: readonly Call[], budgetBytes: number, continuationBytes: number): Call[] {
  let left = 0;
  let last: Sender | undefined;
  return calls.map((call) => {
    if (call.sender !== last) left = budgetBytes;
    last = call.sender;
    const kept = Math.min(call.bytes.length, left > 0 ? left : continuationBytes);
    left -= kept;
    return { ...call, bytes: call.bytes.subarray(0, kept), length: call.length ?? call.bytes.length };
  });
}
