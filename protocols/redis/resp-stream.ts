import { FramedDirection } from '../dissection/framed-conversation.ts';
import {
  isAggregateType,
  isBulkType,
  isLineType,
  lineBreakAfter,
  malformedCount,
  readCount,
  respType,
} from './resp.ts';

/**
 * One direction of a connection that speaks RESP: where in a message it is, and how the rest of one is passed over. State:
 * what its StreamReader carries, and a few numbers.
 */

/** Bytes of an unfinished message that are kept. */
const maxBufferedBytes = 2048;
const maxHeaderBytes = 32;
/** More bytes, or values, than any message has. */
export const maxLength = 2 ** 40;

/** One direction; see the top of the file. */
export class RespStream<Origin> extends FramedDirection<Origin> {
  /** Values of the current message still to be passed over. */
  remaining = 0;
  /** Inside a line whose end was not seen yet. */
  inLine = false;

  get midMessage(): boolean {
    return this.reader.ahead > 0 || this.remaining > 0 || this.inLine;
  }

  override get isBlind(): boolean {
    return super.isBlind || (this.inLine && this.reader.gap > 0);
  }

  /** Whether an unfinished message may wait for its next bytes. */
  get mayWait(): boolean {
    return this.reader.gap === 0 && this.reader.end - this.reader.position <= maxBufferedBytes;
  }

  override restart(): void {
    super.restart();
    this.remaining = 0;
    this.inLine = false;
  }

  /** Passes over one value of the current message; false when its header has to wait for the next segment. */
  passValue(): boolean {
    const { reader } = this;
    const bytes = reader.window;
    const type = bytes[reader.position]!;
    if (isLineType(type)) {
      this.remaining--;
      this.inLine = true;
      return true;
    }
    if (!isBulkType(type) && !isAggregateType(type)) return this.giveUp();
    const lineEnd = lineBreakAfter(bytes, reader.position, reader.end);
    if (lineEnd < 0) return this.awaitHeader();
    const count = readCount(bytes, reader.position + 1, lineEnd);
    if (count === malformedCount || count > maxLength) return this.giveUp();
    reader.position = lineEnd + 2;
    this.remaining--;
    if (isAggregateType(type)) {
      // An attribute stands before the value it describes and is not one itself.
      if (count > 0) this.remaining += type === respType.map || type === respType.attribute ? 2 * count : count;
      if (type === respType.attribute) this.remaining++;
      if (this.remaining > maxLength) return this.giveUp();
    } else if (count >= 0) reader.pass(count + 2);
    return true;
  }

  passLine(): void {
    const { reader } = this;
    while (reader.position < reader.end) {
      if (reader.window[reader.position++] === 0x0a) {
        this.inLine = false;
        return;
      }
    }
  }

  /** A line with a length is not complete. */
  override awaitHeader(): false {
    if (this.reader.gap > 0) return this.goBlind();
    return this.reader.end - this.reader.position > maxHeaderBytes ? this.giveUp() : false;
  }
}
