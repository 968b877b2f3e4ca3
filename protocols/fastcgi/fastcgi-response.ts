import type { SpanStatus } from '../../schemas/generated/span.ts';

/** What the output of a responder says: header fields as of CGI (RFC 3875, section 6), an empty line, a body. */

const maxHeadBytes = 8192;
const maxFieldBytes = 256;
const maxErrorBytes = 128;
const ok = 200;

/** The head of a response, and what the responder wrote for the log, as far as they were captured. */
export class FastcgiResponse {
  private head = '';
  private errors = '';
  /** The empty line behind the header fields was there, or lies in bytes that nobody captured. */
  isOver = false;

  /** Output goes on with these bytes; `isCut`: and with others that were not captured. */
  addOutput(text: string, isCut: boolean): void {
    if (this.isOver) return;
    const searchFrom = Math.max(0, this.head.length - 3);
    this.head += text.slice(0, maxHeadBytes - this.head.length);
    const end = /\r?\n\r?\n/.exec(this.head.slice(searchFrom));
    if (end !== null) this.head = this.head.slice(0, searchFrom + end.index);
    this.isOver = end !== null || isCut || this.head.length >= maxHeadBytes;
  }

  addErrors(text: string): void {
    this.errors += text.slice(0, maxErrorBytes - this.errors.length);
  }

  /** What comes next was not captured. */
  hide(): void {
    this.isOver = true;
  }

  /** The status: that of the field Status, else 302 with a Location that is a URL, else 200; 0 without any field. */
  get code(): number {
    if (this.head === '') return 0;
    const status = /^\s*([1-9]\d\d)(?!\d)/.exec(this.field('status'))?.[1];
    if (status !== undefined) return Number(status);
    return /^[a-z][a-z0-9+.-]*:/i.test(this.field('location')) ? 302 : ok;
  }

  get status(): SpanStatus {
    const { code } = this;
    if (code === 0 && this.isOver) return 'unknown';
    if (code < 400) return 'ok';
    return code < 500 ? 'client_error' : 'server_error';
  }

  /** Of an error: the first line for the log, else what stands behind the status. */
  get exception(): string {
    if (this.code < 400) return '';
    return (
      this.error ||
      this.field('status')
        .replace(/^\s*\d+\s*/, '')
        .slice(0, maxErrorBytes)
    );
  }

  /** The first line for the log. */
  get error(): string {
    return this.errors.split('\n', 1)[0]!.trim();
  }

  get xRequestId(): string {
    return this.field('x-request-id');
  }

  /** The value of a field whose whole line is there. */
  private field(name: string): string {
    const lines = this.head.split('\n');
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon > 0 && line.slice(0, colon).toLowerCase() === name)
        return line.slice(colon + 1, colon + 1 + maxFieldBytes).trim();
    }
    return '';
  }
}
