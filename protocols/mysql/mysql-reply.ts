import { command, fullPacketBytes, isProgressReport, lengthEncoded, lengthEncodedBytes } from './mysql-packets.ts';

/**
 * The packets of one response, as far as they decide how it ended (dev.mysql.com, "Command Phase"). A response is one or
 * more results: OK, ERR, or definitions of columns and then rows; the packet that closes a result says whether another
 * follows. An ERR may come instead of any result and instead of any row. Whether an EOF packet stands between definitions
 * and rows (CLIENT_DEPRECATE_EOF) shows in the packets themselves. State: a few numbers.
 */

/** One packet of a response; `end` is where its captured bytes end, `start` where its body begins. */
export interface ReplyPacket {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Bytes of the body. */
  readonly length: number;
}

/**
 * What a packet is. `progress`: the response is still to come. `file`: the server wants a local file. `ok`: a result is or
 * begins here. `error`: the response failed. `part`: of a result that was seen to begin.
 */
export type ReplyEvent = 'progress' | 'file' | 'ok' | 'error' | 'part';

type Phase = 'head' | 'columns' | 'rows' | 'definitions' | 'stream' | 'unclear' | 'over';
/** How the response to a command is built. `unclear`: nobody knows which command it answers. */
type Shape = 'results' | 'rows' | 'prepared' | 'stream' | 'single' | 'unclear';

const moreResultsExist = 0x0008;
const cursorExists = 0x0040;
const okByte = 0x00;
const fileByte = 0xfb;
const eofByte = 0xfe;
const errorByte = 0xff;
const eofBytes = 5;
/** An OK packet has at least these. */
const leastOkBytes = 7;
/** First byte, two length-encoded numbers of at most nine bytes, flags, warnings. */
const okBytes = 23;
/** No EOF packet is longer: what begins alike is a row. */
const mostEofBytes = 64;
/** An ERR packet with code and SQLSTATE. */
const leastErrorBytes = 9;
const maxColumns = 4096;

const shapes: ReadonlyMap<number, Shape> = new Map([
  [command.query, 'results'],
  [command.execute, 'results'],
  [command.bulkExecute, 'results'],
  [command.processInfo, 'results'],
  [command.prepare, 'prepared'],
  [command.fetch, 'rows'],
  [command.fieldList, 'rows'],
  [command.binlogDump, 'stream'],
  [command.binlogDumpGtid, 'stream'],
]);

/** Follows the packets of one response; see the top of the file. */
export class MysqlReply {
  /** The results that were seen to begin. */
  results = 0;
  private readonly shape: Shape;
  private phase: Phase = 'head';
  /** Definitions still to come. */
  private columns = 0;
  /** The definitions were the last that was seen: an EOF packet of five bytes closes them, or not. */
  private afterColumns = false;
  private endSeen = false;

  /** `code` is undefined when it is not known which command this answers. */
  constructor(code: number | undefined) {
    this.shape = code === undefined ? 'unclear' : (shapes.get(code) ?? 'single');
  }

  /** No packet of this response follows. */
  get over(): boolean {
    return this.phase === 'over';
  }

  /** Whether what was read decides the status, though more packets follow that cannot change it. */
  get decided(): boolean {
    return this.phase === 'over' || this.phase === 'definitions' || this.phase === 'stream';
  }

  /** Its packets could not be followed: where it ends is not known. */
  get unclear(): boolean {
    return this.phase === 'unclear';
  }

  /** The last packet may have been the end: the next one with sequence 1 begins another response. */
  get mayHaveEnded(): boolean {
    return this.endSeen;
  }

  /** Bytes of the body that have to be there to read a packet that begins with `first`, the first byte included. */
  bytesWanted(first: number, length: number): number {
    if (first === errorByte) return length;
    return this.phase === 'head' || first === eofByte ? Math.min(length, okBytes) : 1;
  }

  /** A packet whose first byte was not captured. */
  hidden(): void {
    if (this.phase === 'columns') this.columnSeen();
    else if (this.phase !== 'over') this.phase = 'unclear';
  }

  take(packet: ReplyPacket): ReplyEvent {
    const { bytes, start, end, length } = packet;
    const first = bytes[start]!;
    if (first === errorByte && isProgressReport(bytes, start, end)) return 'progress';
    switch (this.phase) {
      case 'head':
        return this.head(packet, first);
      case 'columns':
        if (isError(packet)) return this.fail();
        this.columnSeen();
        return 'part';
      case 'rows':
        if (isError(packet)) return this.fail();
        if (first === eofByte && length < fullPacketBytes) {
          if (this.isEnd(packet)) this.closeResult(packet);
        } else this.afterColumns = false;
        return 'part';
      case 'definitions':
        // EOF packets stand between and behind them, or not.
        if (first !== eofByte && --this.columns <= 0) this.endSeen = true;
        return 'part';
      case 'stream':
        if (isError(packet) || (first === eofByte && length <= eofBytes)) this.phase = 'over';
        return 'part';
      default:
        this.endSeen = first === eofByte && length < mostEofBytes;
        return 'part';
    }
  }

  private head(packet: ReplyPacket, first: number): ReplyEvent {
    const { bytes, start, end, length } = packet;
    if (first === errorByte) return this.fail();
    if (first === fileByte && this.shape === 'results') return 'file';
    this.results++;
    switch (this.shape) {
      case 'single':
        // What is no OK is a result set, which only its packets end; but statistics are a text.
        if (first === okByte || first === eofByte || first >= 0x20) this.phase = 'over';
        else this.openResult(packet);
        break;
      case 'stream':
        this.phase = 'stream';
        break;
      case 'prepared':
        this.columns = end - start >= 9 ? bytes.readUInt16LE(start + 5) + bytes.readUInt16LE(start + 7) : 0;
        // With optional metadata a byte says that no definitions follow.
        if (length > 12 && end - start > 12 && bytes[start + 12] === 0) this.columns = 0;
        this.phase = this.columns > 0 ? 'definitions' : 'over';
        break;
      case 'rows':
        this.phase = 'rows';
        if (first === eofByte) this.closeResult(packet);
        break;
      case 'results':
        if ((first === okByte && length >= leastOkBytes) || first === eofByte) this.closeResult(packet);
        else this.openResult(packet);
        break;
      case 'unclear':
        this.phase = 'unclear';
        this.endSeen = first === eofByte && length < mostEofBytes;
    }
    return 'ok';
  }

  private openResult(packet: ReplyPacket): void {
    const header = readColumnCount(packet);
    if (header === undefined) {
      this.phase = 'unclear';
      return;
    }
    this.columns = header.columns;
    this.afterColumns = !header.hasDefinitions;
    this.phase = header.hasDefinitions ? 'columns' : 'rows';
  }

  private columnSeen(): void {
    if (--this.columns > 0) return;
    this.phase = 'rows';
    this.afterColumns = true;
  }

  /** Whether a packet that begins with 0xfe ends the rows. */
  private isEnd(packet: ReplyPacket): boolean {
    const { bytes, start, end, length } = packet;
    const { afterColumns } = this;
    this.afterColumns = false;
    if (!afterColumns || length !== eofBytes) return true;
    // Behind definitions it opens the rows, unless they wait to be fetched from a cursor.
    return end - start >= eofBytes && (bytes.readUInt16LE(start + 3) & cursorExists) !== 0;
  }

  private closeResult(packet: ReplyPacket): void {
    const flags = readStatusFlags(packet);
    if (flags === undefined) {
      this.phase = 'unclear';
      this.endSeen = true;
    } else this.phase = (flags & moreResultsExist) !== 0 ? 'head' : 'over';
  }

  private fail(): ReplyEvent {
    this.phase = 'over';
    return 'error';
  }
}

/** Among definitions and rows nothing else begins with 0xff; the SQLSTATE is asked for all the same. */
function isError({ bytes, start, end, length }: ReplyPacket): boolean {
  return bytes[start] === errorByte && length >= leastErrorBytes && end - start >= 4 && bytes[start + 3] === 0x23;
}

/** The server's status flags in an OK or EOF packet; undefined when they were not captured. */
function readStatusFlags({ bytes, start, end, length }: ReplyPacket): number | undefined {
  if (bytes[start] === eofByte && length === eofBytes) {
    return end - start >= eofBytes ? bytes.readUInt16LE(start + 3) : undefined;
  }
  if (start + 1 >= end) return undefined;
  const lastId = start + 1 + lengthEncodedBytes(bytes[start + 1]!);
  if (lastId >= end) return undefined;
  const flags = lastId + lengthEncodedBytes(bytes[lastId]!);
  return flags + 2 <= end ? bytes.readUInt16LE(flags) : undefined;
}

/**
 * The packet that opens a result set: a count of columns. MariaDB may put a byte behind it, MySQL one before it, that says
 * whether definitions follow; both are 0 or 1, and a count is never 0.
 */
function readColumnCount({
  bytes,
  start,
  end,
  length,
}: ReplyPacket): { readonly columns: number; readonly hasDefinitions: boolean } | undefined {
  if (end - start < length) return undefined;
  const size = lengthEncodedBytes(bytes[start]!);
  const columns = lengthEncoded(bytes, start, end);
  if (columns > maxColumns) return undefined;
  if (columns > 0 && length === size) return { columns, hasDefinitions: true };
  if (columns > 0 && length === size + 1 && bytes[start + size]! <= 1) {
    return { columns, hasDefinitions: bytes[start + size] === 1 };
  }
  const counted = bytes[start]! <= 1 && length > 1 ? lengthEncoded(bytes, start + 1, end) : -1;
  if (counted <= 0 || counted > maxColumns || length !== 1 + lengthEncodedBytes(bytes[start + 1]!)) return undefined;
  return { columns: counted, hasDefinitions: bytes[start] === 1 };
}

/** Whether a packet looks like the first of a response to this command: what makes a conversation believable. */
export function fitsCommand(code: number, packet: ReplyPacket): boolean {
  const { bytes, start, length } = packet;
  const end = Math.min(packet.end, start + length);
  const first = bytes[start];
  if (first === errorByte) {
    return isProgressReport(bytes, start, end) || (isError(packet) && bytes.readUInt16LE(start + 1) >= 1000);
  }
  const shape = shapes.get(code) ?? 'single';
  if (shape === 'prepared') {
    return first === okByte && (length === 12 || length === 13) && (end - start < 10 || bytes[start + 9] === 0);
  }
  if (shape === 'stream') return true;
  if (first === eofByte) return length === eofBytes || (length >= leastOkBytes && length < 512);
  if (first === okByte && length >= leastOkBytes) return shape === 'rows' || readStatusFlags(packet) !== undefined;
  if (shape === 'rows') return first === 3 || first === okByte;
  if (shape === 'single') return code === command.statistics && first !== undefined && first >= 0x20;
  if (first === fileByte) return code === command.query;
  return length <= 10 && readColumnCount(packet) !== undefined;
}
