import {
  type Conversation,
  type Dissector,
  type Message,
  noHeaders,
  type Recognition,
  type Segment,
  type Sender,
} from '../../protocols/dissection/dissector.ts';

/**
 * A protocol for tests. A request is `Q <endpoint> <resource> [<body bytes>[ one-way]]` and a response `A <code>
 * [<body bytes>]`, each on a line; the body follows. Lines may be split over segments.
 */

class LineConversation<Origin> implements Conversation<Origin> {
  readonly desynchronized = false;
  private readonly sides = { client: new LineSide<Origin>(), server: new LineSide<Origin>() };

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    this.sides[sender].read(segment, report);
  }

  end(): void {
    // A line whose end never came says nothing.
  }
}

class LineSide<Origin> {
  private skip = 0;
  private partial = '';
  private partialStart: { readonly origin: Origin; readonly offset: number } | undefined;

  read(segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    const text = segment.bytes.toString('latin1');
    let position = 0;
    while (position < segment.length) {
      const skipped = Math.min(this.skip, segment.length - position);
      this.skip -= skipped;
      position += skipped;
      if (position >= text.length) return;
      const end = text.indexOf('\n', position);
      const start = this.partialStart ?? { origin: segment.origin, offset: position };
      if (end < 0) {
        this.partial += text.slice(position, position + 256);
        this.partialStart = start;
        return;
      }
      const line = this.partial + text.slice(position, end);
      this.partial = '';
      this.partialStart = undefined;
      position = end + 1;
      const message = parseLine(line, start);
      if (message === undefined) continue;
      this.skip = message.bodyBytes;
      report(message);
    }
  }
}

function parseLine<Origin>(
  line: string,
  start: { readonly origin: Origin; readonly offset: number },
): (Message<Origin> & { readonly bodyBytes: number }) | undefined {
  const words = line.split(' ');
  if (words[0] === 'A') {
    const bodyBytes = Number(words[2] ?? 0) || 0;
    return {
      kind: 'response',
      origin: start.origin,
      offset: start.offset,
      requestId: 0,
      status: 'ok',
      responseCode: Number(words[1]) || 0,
      exception: '',
      result: '',
      declaredBytes: line.length + 1 + bodyBytes,
      bodyBytes,
    };
  }
  if (words[0] !== 'Q') return undefined;
  return {
    kind: 'request',
    origin: start.origin,
    offset: start.offset,
    requestId: 0,
    expectsResponse: words[4] !== 'one-way',
    version: '',
    requestType: 'Q',
    requestDomain: '',
    requestResource: words[2] ?? '',
    endpoint: words[1] ?? '',
    headers: noHeaders,
    bodyBytes: Number(words[3] ?? 0) || 0,
  };
}

/** The protocol. Requests time out after two seconds. */
export const lineDissector: Dissector = {
  protocol: 'redis',
  timeoutMs: 2000,
  recognise(bytes): Recognition {
    if (bytes.length < 2) return bytes[0] === 0x51 || bytes[0] === 0x41 ? 'undecided' : 'no';
    if (bytes[1] !== 0x20) return 'no';
    return bytes[0] === 0x51 ? 'request' : bytes[0] === 0x41 ? 'response' : 'no';
  },
  open: <Origin>() => new LineConversation<Origin>(),
};
