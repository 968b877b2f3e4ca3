/** Server-sent events of a response's body, as the HTML standard writes them. */

export interface ServerEvent {
  /** `message` where the server gives none. */
  readonly event: string;
  readonly data: string;
}

/** A longer line or event than this ends the reading: the server never sends one. */
const maxLength = 8_000_000;

/**
 * Reads events as they come. Comments, which only keep the connection alive, are left out.
 *
 * @throws Error when an event is longer than any that the server sends
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let event = '';
  let data: string[] = [];
  let length = 0;
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    // A line may end with both characters, of which one is still to come.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { event: event === '' ? 'message' : event, data: data.join('\n') };
        [event, data, length] = ['', [], 0];
        continue;
      }
      const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? [];
      if (field === 'event') event = value;
      if (field === 'data') data.push(value);
      length += line.length;
    }
    if (rest.length + length > maxLength) throw new Error('an event of the server is too long');
  }
}
