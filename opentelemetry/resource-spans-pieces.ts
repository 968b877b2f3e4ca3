import { ProtobufWriter } from './protobuf-writer.ts';

/** A ResourceSpans, and how many spans it has. */
export interface Piece {
  readonly bytes: Buffer;
  readonly spans: number;
}

const scopeSpansTag = 0x12;

/** Writes spans of one resource as one or more ResourceSpans, none larger than a bound if it has more than one span. */
export class ResourceSpansPieces {
  readonly #maxBytes: number;
  readonly #writer = new ProtobufWriter();
  #pieces: Piece[] = [];
  #shared: Buffer = Buffer.alloc(0);
  #scope: Buffer = Buffer.alloc(0);
  /** Where the content of the open ScopeSpans begins; 0 if none is open. */
  #content = 0;
  #spans = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @param shared fields that every piece has: the resource and its schema URL */
  begin(shared: Buffer): void {
    this.#pieces = [];
    this.#shared = shared;
    this.#beginPiece();
  }

  /** @param scope fields that every ScopeSpans of it has */
  beginScope(scope: Buffer): void {
    this.#scope = scope;
  }

  /** @param span with its tag and length */
  span(span: Buffer): void {
    const writer = this.#writer;
    const needed = span.length + (this.#content === 0 ? this.#scope.length : 0);
    if (this.#spans > 0 && writer.position + needed > this.#maxBytes) {
      this.endScope();
      this.#endPiece();
    }
    if (this.#content === 0) {
      writer.writeByte(scopeSpansTag);
      this.#content = writer.open(3);
      writer.writeRaw(this.#scope);
    }
    writer.writeRaw(span);
    this.#spans++;
  }

  endScope(): void {
    if (this.#content > 0) this.#writer.close(this.#content, 3);
    this.#content = 0;
  }

  /** All pieces; those without a span are left out. */
  end(): readonly Piece[] {
    this.#endPiece();
    return this.#pieces;
  }

  #beginPiece(): void {
    this.#spans = 0;
    this.#writer.reset();
    this.#writer.writeRaw(this.#shared);
  }

  #endPiece(): void {
    if (this.#spans > 0) this.#pieces.push({ bytes: this.#writer.take(), spans: this.#spans });
    this.#beginPiece();
  }
}
