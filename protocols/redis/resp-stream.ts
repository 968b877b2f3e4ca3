import { ByteFlow } from '../dissection/byte-flow.ts';
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
 * what its ByteFlow carries, and a few numbers.
 */

/** Bytes of an unfinished message that are kept. */
const maxHeldBytes = 2048;
const maxHeaderBytes = 32;
/** More bytes, or values, than any message has. */
export const maxLength = 2 ** 40;

/** One direction; see the top of the file. */
export class RespStream<Origin> {
  readonly flow = new ByteFlow<Origin>();
  /** Values of the current message still to be passed over. */
  remaining = 0;
  /** Inside a line whose end was not seen yet. */
  inLine = false;
  /** False when it is unknown where the next message begins. */
  inStep = true;
  /** What was read last is no RESP. */
  malformed = false;

  get midMessage(): boolean {
    return this.flow.ahead > 0 || this.remaining > 0 || this.inLine;
  }

  /** Whether bytes that were not captured hide what comes next. */
  get isBlind(): boolean {
    return this.flow.blind || (this.inLine && this.flow.gap > 0);
  }

  /** Whether an unfinished message may wait for its next bytes. */
  get mayWait(): boolean {
    return this.flow.gap === 0 && this.flow.end - this.flow.position <= maxHeldBytes;
  }

  restart(): void {
    this.flow.restart();
    this.remaining = 0;
    this.inLine = false;
    this.inStep = true;
  }

  /** Passes over one value of the current message; false when its header has to wait for the next segment. */
  passValue(): boolean {
    const { flow } = this;
    const bytes = flow.window;
    const type = bytes[flow.position]!;
    if (isLineType(type)) {
      this.remaining--;
      this.inLine = true;
      return true;
    }
    if (!isBulkType(type) && !isAggregateType(type)) return this.giveUp();
    const lineEnd = lineBreakAfter(bytes, flow.position, flow.end);
    if (lineEnd < 0) return this.awaitHeader();
    const count = readCount(bytes, flow.position + 1, lineEnd);
    if (count === malformedCount || count > maxLength) return this.giveUp();
    flow.position = lineEnd + 2;
    this.remaining--;
    if (isAggregateType(type)) {
      // An attribute stands before the value it describes and is not one itself.
      if (count > 0) this.remaining += type === respType.map || type === respType.attribute ? 2 * count : count;
      if (type === respType.attribute) this.remaining++;
      if (this.remaining > maxLength) return this.giveUp();
    } else if (count >= 0) flow.pass(count + 2);
    return true;
  }

  passLine(): void {
    const { flow } = this;
    while (flow.position < flow.end) {
      if (flow.window[flow.position++] === 0x0a) {
        this.inLine = false;
        return;
      }
    }
  }

  /** A line with a length is not complete. */
  awaitHeader(): boolean {
    if (this.flow.gap > 0) return this.goBlind();
    return this.flow.end - this.flow.position > maxHeaderBytes ? this.giveUp() : false;
  }

  /** Where the next value begins was not captured. */
  goBlind(): boolean {
    this.inStep = false;
    return false;
  }

  /** These bytes are not RESP. */
  giveUp(): boolean {
    this.inStep = false;
    this.malformed = true;
    return false;
  }
}
