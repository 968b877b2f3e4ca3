import {
  type DnsHeader,
  type DnsQuestion,
  headerBytes,
  isOpt,
  readFirstRecord,
  readHeader,
  readQuestion,
} from './dns-message.ts';

/**
 * Whether bytes are a DNS message. How much of the unusual is believed depends on what else speaks for DNS:
 *
 * - `all`, on a known port and in a conversation that was recognised: what servers answer, be it with an error. That
 *   includes set bits that must be zero, any operation, class and type, control characters in names, and no question.
 * - `usual`: what resolvers, mDNS and LLMNR send as a rule.
 * - `plain`, where nothing else does: a query with one question, or its response.
 *
 * NetBIOS name service (RFC 1002) uses the same header and is never DNS: its names are encoded into a first label of 32
 * letters, and its types are its own.
 */

export type DnsTrust = 'all' | 'usual' | 'plain';

/** A message, as far as its header and question say. */
export interface JudgedMessage {
  readonly header: DnsHeader;
  /** Undefined when there is none, or when it is cut. */
  readonly question: DnsQuestion | undefined;
  /** The question goes on behind the bytes there are. */
  readonly cut: boolean;
}

/** `short`: not even a header is there. */
export type DnsJudgement = JudgedMessage | 'no' | 'short';

const maxMessageBytes = 65_535;
const leastQuestionBytes = 5;
const leastRecordBytes = 11;
const internetClass = 1;
const chaosClass = 3;
const anyClass = 255;
const statefulOperations = 6;
const netbiosTypes: ReadonlySet<number> = new Set([10, 32, 33]);
const netbiosName = /^[A-P]{32}(?:\.|$)/;

/** Judges what a message that begins at `start` would be. */
export function judgeMessage(bytes: Buffer, start: number, end: number, trust: DnsTrust): DnsJudgement {
  if (end - start < headerBytes) return 'short';
  const header = readHeader(bytes, start);
  if (!isPlausible(header, trust)) return 'no';
  if (header.questions === 0) return judgeWithoutQuestion(bytes, start, end, header, trust);
  const question = readQuestion(bytes, start, end);
  if (question === 'malformed') return 'no';
  if (question === 'cut') {
    // Some servers send nothing but the header back and leave the counts as they were.
    const isBareHeader = trust === 'all' && header.isResponse && end - start === headerBytes;
    return { header, question: undefined, cut: !isBareHeader };
  }
  if (isNetbios(question.name, question.type)) return 'no';
  if (trust !== 'all' && !isUsual(question)) return 'no';
  return { header, question, cut: false };
}

function isPlausible(header: DnsHeader, trust: DnsTrust): boolean {
  const { isResponse, operation, reserved, code, questions, answers, authorities, additionals } = header;
  if (trust === 'all') {
    const records = answers + authorities + additionals;
    return headerBytes + questions * leastQuestionBytes + records * leastRecordBytes <= maxMessageBytes;
  }
  if (reserved || operation > 5 || operation === 3) return false;
  if (!isResponse && code !== 0) return false;
  if (questions > 32 || answers > 512 || authorities > 512 || additionals > 64) return false;
  if (trust === 'usual') return true;
  return questions === 1 && operation === 0 && (isResponse || answers + authorities === 0);
}

function judgeWithoutQuestion(
  bytes: Buffer,
  start: number,
  end: number,
  header: DnsHeader,
  trust: DnsTrust,
): DnsJudgement {
  const message = { header, question: undefined, cut: false };
  if (trust === 'plain') return 'no';
  const { isResponse, operation, answers, authorities, additionals } = header;
  if (isResponse) {
    const record = readFirstRecord(bytes, start, end);
    return record !== undefined && isNetbios(record.name, record.type) ? 'no' : message;
  }
  if (trust === 'usual' || answers + authorities > 0) return 'no';
  if (additionals === 0) return operation === statefulOperations || end - start === headerBytes ? message : 'no';
  // A client asks for a server cookie, and nothing else (RFC 7873, §5.4).
  const first = start + headerBytes;
  return first + 3 <= end && isOpt(bytes, first, first + 1) ? message : 'no';
}

function isUsual({ type, recordClass, printable }: DnsQuestion): boolean {
  // The first bit is mDNS's: the asker wants a unicast response.
  const plainClass = recordClass & 0x7fff;
  const isKnownClass = plainClass === internetClass || plainClass === chaosClass || plainClass === anyClass;
  return type !== 0 && isKnownClass && printable;
}

function isNetbios(name: string, type: number): boolean {
  return netbiosTypes.has(type) && netbiosName.test(name);
}
