import type { Segment } from './dissector.ts';

/**
 * One direction of a connection, as a reader of messages wants it: a run of bytes with holes. Segments come in; what the
 * reader did not finish is carried into the next one; what it passes over may reach far into segments to come. The holes
 * (bytes that a call moved but nobody captured) lie at the end of each segment. State: at most `maxCarriedBytes` copied
 * bytes and a few numbers; nothing of a segment is referenced once `leave` was called.
 */

const noBytes: Buffer = Buffer.alloc(0);

/** The unread bytes of one direction. */
export class StreamReader<Origin> {
  /** Captured bytes; the unread ones are those from `position` up to `end`. */
  window: Buffer = noBytes;
  position = 0;
  end = 0;
  /** Bytes behind `end` that the segment moved and nobody captured, as far as the reader has not passed over them. */
  gap = 0;
  /** Bytes to pass over in segments to come. */
  ahead = 0;
  private carried: Buffer = noBytes;
  /** Holds the carried bytes and has room for more, so that a message in many pieces is not copied with each. */
  private store: Buffer = noBytes;
  private carriedOffset = 0;
  private carriedOrigin: Origin | undefined;
  private segmentOrigin: Origin | undefined;
  private carriedLength = 0;

  /** Whether an unfinished message waits for its next bytes. */
  get waiting(): boolean {
    return this.carried.length > 0;
  }

  /** The bytes that wait, for a look at them between segments. */
  get waitingBytes(): Buffer {
    return this.carried;
  }

  /** Whether the segment in hand brought this byte. */
  brings(byte: number): boolean {
    return this.window.indexOf(byte, this.carriedLength) >= 0;
  }

  /** Whether the segment in hand brought the end of an empty line behind another one. */
  get bringsEmptyLine(): boolean {
    const { window } = this;
    const from = Math.max(0, this.carriedLength - 2);
    for (let at = window.indexOf(0x0a, from); at >= 0; at = window.indexOf(0x0a, at + 1))
      if (window[at + 1] === 0x0a || (window[at + 1] === 0x0d && window[at + 2] === 0x0a)) return true;
    return false;
  }

  /** Takes the next segment: joins it to what is carried, and passes over what is still to be passed over. */
  enter(segment: Segment<Origin>): void {
    const bytes = segment.bytes;
    this.segmentOrigin = segment.origin;
    this.gap = segment.length > bytes.length ? segment.length - bytes.length : 0;
    this.carriedLength = this.carried.length;
    this.window = this.carriedLength === 0 ? bytes : this.join(bytes);
    this.carried = noBytes;
    this.position = 0;
    this.end = this.window.length;
    if (this.ahead > 0) {
      const count = this.ahead;
      this.ahead = 0;
      this.pass(count);
    }
  }

  /** The carried bytes and those behind them; the store holds both from its beginning on. */
  private join(bytes: Buffer): Buffer {
    const length = this.carriedLength + bytes.length;
    if (this.store.length < length) {
      this.store = Buffer.allocUnsafeSlow(2 * length);
      this.carried.copy(this.store);
    }
    bytes.copy(this.store, this.carriedLength);
    return this.store.subarray(0, length);
  }

  /** Passes over `count` bytes from `position`, through the hole and into segments to come where need be. */
  pass(count: number): void {
    const here = this.end - this.position;
    if (count <= here) {
      this.position += count;
      return;
    }
    this.position = this.end;
    const beyond = count - here;
    if (beyond <= this.gap) {
      this.gap -= beyond;
    } else {
      this.ahead = beyond - this.gap;
      this.gap = 0;
    }
  }

  /** Whether what follows `position` was not captured: message boundaries in there stay unseen. */
  get blind(): boolean {
    return this.position >= this.end && this.gap > 0;
  }

  /** The origin of the byte at `position` in the window. */
  originAt(position: number): Origin {
    return (position < this.carriedLength ? this.carriedOrigin : this.segmentOrigin) as Origin;
  }

  /** That byte's place within its segment. */
  offsetAt(position: number): number {
    return position < this.carriedLength ? this.carriedOffset + position : position - this.carriedLength;
  }

  /** Ends the work on a segment: copies the unread bytes for the next one and lets go of everything else. */
  leave(): void {
    if (this.position < this.end) {
      this.carriedOffset = this.offsetAt(this.position);
      this.carriedOrigin = this.originAt(this.position);
      const rest = this.window.subarray(this.position, this.end);
      if (this.position === 0 && this.window.buffer === this.store.buffer) this.carried = rest;
      else {
        this.carried = Buffer.from(rest);
        this.store = noBytes;
      }
    } else {
      this.carriedOrigin = undefined;
      this.store = noBytes;
    }
    this.window = noBytes;
    this.position = 0;
    this.end = 0;
    this.carriedLength = 0;
    this.segmentOrigin = undefined;
  }

  /** Gives up the unread bytes of this segment. */
  drop(): void {
    this.position = this.end;
  }

  /** Shows the carried bytes as the window, without a segment, so that a reader can report what is there. */
  reopen(): void {
    this.window = this.carried;
    this.carriedLength = this.carried.length;
    this.position = 0;
    this.end = this.carriedLength;
    this.gap = 0;
    this.carried = noBytes;
  }

  /** Forgets everything: the next segment starts afresh. */
  restart(): void {
    this.carried = noBytes;
    this.store = noBytes;
    this.carriedOrigin = undefined;
    this.ahead = 0;
    this.gap = 0;
  }
}
