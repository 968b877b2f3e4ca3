import { cover, isText, remaining, startsIgnoringCase, type Call } from './call.ts';

const [backslash, singleQuote, doubleQuote, dollar] = [0x5c, 0x27, 0x22, 0x24];

/**
 * Overwrites the quoted literals of a statement that follow the words PASSWORD or IDENTIFIED. `end` is where the
 * statement ends, counted from the start of the call; the part beyond the call is overwritten when it comes.
 */
export function redactStatement(call: Call, from: number, end: number): number {
  const bytes = call.bytes;
  const limit = Math.min(end, bytes.length);
  for (let at = from; at < limit; at++) {
    const length = wordLength(bytes, at);
    if (length > 0 && at + length <= limit) {
      coverLiterals(call, at + length, limit);
      break;
    }
  }
  if (end <= call.length) return 0;
  for (let at = from; at < Math.min(from + 4, limit); at++) if (!isText(bytes[at]!)) return 0;
  return remaining(call, end);
}

function wordLength(bytes: Buffer, at: number): number {
  if (startsIgnoringCase(bytes, at, 'password')) return 'password'.length;
  return startsIgnoringCase(bytes, at, 'identified') ? 'identified'.length : 0;
}

/** Quoted by ' or " (a backslash or a doubled quote does not end them) or by $tag$; one that is cut goes to the end. */
function coverLiterals(call: Call, from: number, end: number): void {
  const bytes = call.bytes;
  let at = from;
  while (at < end) {
    const quote = bytes[at];
    if (quote === singleQuote || quote === doubleQuote) {
      let close = at + 1;
      while (close < end && bytes[close] !== quote) close += bytes[close] === backslash ? 2 : 1;
      cover(call, at + 1, Math.min(close, end));
      at = close + 1;
    } else if (quote === dollar) {
      const tag = /^\$[0-9A-Za-z_\x80-\xff]*\$/.exec(bytes.toString('latin1', at, end))?.[0];
      if (tag === undefined) {
        at++;
        continue;
      }
      const body = at + tag.length;
      const length = bytes.toString('latin1', body, end).indexOf(tag);
      const close = length < 0 ? end : body + length;
      cover(call, body, close);
      at = close + tag.length;
    } else at++;
  }
}
