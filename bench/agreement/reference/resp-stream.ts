/** A plain reader of RESP2, RESP3 and inline commands that has every byte. https://redis.io/docs/latest/develop/reference/protocol-spec/ */

/** A value as far as it matters here: numbers and booleans are as simple as their text. */
export type RespValue =
  | { readonly kind: 'simple' | 'error' | 'bulk'; readonly text: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'array'; readonly push: boolean; readonly items: readonly RespValue[] };

interface Parsed {
  readonly value: RespValue;
  readonly next: number;
}

/** One direction of a connection. */
export class RespStream {
  private bytes: Buffer = Buffer.alloc(0);
  /** Where each packet's bytes begin, as far as they are still here. */
  private marks: { at: number; mark: number }[] = [];
  private readonly ofClient: boolean;
  private broken = false;

  constructor(ofClient: boolean) {
    this.ofClient = ofClient;
  }

  /** Takes what a packet brought, and returns the values that it completes with the mark of where they began. */
  push(bytes: Buffer, mark: number): { readonly value: RespValue; readonly mark: number }[] {
    this.marks.push({ at: this.bytes.length, mark });
    this.bytes = Buffer.concat([this.bytes, bytes]);
    const values: { value: RespValue; mark: number }[] = [];
    let at = 0;
    while (at < this.bytes.length && !this.broken) {
      const parsed = this.read(at);
      if (parsed === undefined) break;
      if (!this.ofClient || parsed.value.kind === 'array') {
        values.push({ value: parsed.value, mark: this.marks.filter((one) => one.at <= at).at(-1)!.mark });
      }
      at = parsed.next;
    }
    const kept = this.marks.filter((one, index) => one.at > at || (this.marks[index + 1]?.at ?? Infinity) > at);
    this.marks = kept.map((one) => ({ ...one, at: Math.max(0, one.at - at) }));
    this.bytes = this.bytes.subarray(at);
    return values;
  }

  private read(at: number, isItem = false): Parsed | undefined {
    const lineEnd = this.bytes.indexOf('\n', at);
    if (lineEnd < 0) return undefined;
    const line = this.bytes.toString('utf8', at, lineEnd).replace(/\r$/, '');
    const next = lineEnd + 1;
    const type = line[0] ?? '';
    const rest = line.slice(1);
    if (this.ofClient && !isItem && type !== '*') {
      const words = line.split(/\s+/).filter((word) => word !== '');
      // An empty line is no command.
      if (words.length === 0) return { value: { kind: 'null' }, next };
      return { value: { kind: 'array', push: false, items: words.map((text) => ({ kind: 'bulk', text })) }, next };
    }
    switch (type) {
      case '-':
        return { value: { kind: 'error', text: rest }, next };
      case '_':
        return { value: { kind: 'null' }, next };
      case '$':
      case '=':
      case '!':
        return this.readBulk(type, Number(rest), next);
      case '*':
      case '~':
      case '>':
        return this.readItems(Number(rest), type === '>', next);
      case '%':
        return this.readItems(2 * Number(rest), false, next);
      case '|': {
        // Attributes stand before a value and are none.
        const attributes = this.readItems(2 * Number(rest), false, next);
        return attributes === undefined ? undefined : this.read(attributes.next);
      }
      case '+':
      case ':':
      case ',':
      case '(':
      case '#':
        return { value: { kind: 'simple', text: rest }, next };
      default:
        this.broken = true;
        return undefined;
    }
  }

  private readBulk(type: string, length: number, at: number): Parsed | undefined {
    if (!(length >= 0)) {
      this.broken ||= length !== -1;
      return { value: { kind: 'null' }, next: at };
    }
    if (this.bytes.length < at + length + 2) return undefined;
    const text = this.bytes.toString('utf8', at, at + length);
    return { value: { kind: type === '!' ? 'error' : 'bulk', text }, next: at + length + 2 };
  }

  private readItems(count: number, push: boolean, at: number): Parsed | undefined {
    if (!(count >= 0)) {
      this.broken ||= count !== -1;
      return { value: { kind: 'null' }, next: at };
    }
    const items: RespValue[] = [];
    let next = at;
    for (let index = 0; index < count; index++) {
      const parsed = next < this.bytes.length ? this.read(next, true) : undefined;
      if (parsed === undefined) return undefined;
      items.push(parsed.value);
      next = parsed.next;
    }
    return { value: { kind: 'array', push, items }, next };
  }
}
