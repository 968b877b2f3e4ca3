import { coverLine, findByte, hasGap, lowerCase, starts, stateOf, unfinished, type Call } from './call.ts';

/**
 * Secret header lines of HTTP/1, wherever a line starts, so that nothing depends on having seen the message begin. What
 * needs memory: a line cut by the end of a call goes on in the next call of the same direction; and in a head of which
 * bytes were not captured, the next call may begin inside a secret value, so its first line is overwritten unless it
 * looks like the start of a message.
 */

const headerNames = ['authorization', 'cookie', 'proxy-authorization', 'set-cookie'] as const;
const openFlag = 1 << 16;
const lineStartFlag = 1 << 17;
const [lf, cr, space, tab, colon] = [0x0a, 0x0d, 0x20, 0x09, 0x3a];

const isBlank = (byte: number | undefined): boolean => byte === space || byte === tab;

/** A status line, or a method of any name before something that looks like an HTTP target. */
function looksLikeStart(bytes: Buffer, at: number): boolean {
  return /^(HTTP\/1\.|CONNECT |[A-Z-]{3,24} (\/|\*|http))/.test(bytes.toString('latin1', at, at + 30));
}

/** A request or status line; of a line that the call cuts the beginning decides. */
function isStartLine(bytes: Buffer, at: number, newline: number): boolean {
  if (newline < 0) return looksLikeStart(bytes, at);
  if (starts(bytes, at, 'HTTP/1.')) return true;
  const end = newline > at && bytes[newline - 1] === cr ? newline - 1 : newline;
  return end - at >= 9 && starts(bytes, end - 9, ' HTTP/1.');
}

/** The rest of a header name and its colon: where the value begins, or how many characters matched before the call ended. */
type NameMatch = { readonly value: number } | { readonly cutAfter: number } | undefined;

function matchName(bytes: Buffer, from: number, name: string, alreadyMatched: number): NameMatch {
  let at = from;
  let matched = alreadyMatched;
  while (at < bytes.length && matched < name.length && lowerCase(bytes[at]!) === name.charCodeAt(matched)) {
    at++;
    matched++;
  }
  if (matched === name.length) while (isBlank(bytes[at])) at++;
  if (at === bytes.length) return { cutAfter: matched };
  return matched === name.length && bytes[at] === colon ? { value: at + 1 } : undefined;
}

/** Overwrites secret header values from `from` on and returns the state for the next call of this direction. */
export function redactHeaders(call: Call, from: number, state: number): number {
  const bytes = call.bytes;
  const kind = state >>> 28;
  let open =
    kind === unfinished.headerGap || kind === unfinished.headerOpen || (kind !== 0 && (state & openFlag) !== 0);
  if (from >= bytes.length) {
    if (!hasGap(call)) return state;
    return open ? stateOf(unfinished.headerGap) : 0;
  }
  // Every call is taken to begin a line, except that its first LF makes no blank line when it ends a line.
  const isMidLine = kind === unfinished.headerName || (kind === unfinished.headerOpen && (state & lineStartFlag) === 0);
  let at = from;
  let afterSecret = kind === unfinished.headerFolded;
  // Assigned in coverValue, which narrowing does not see.
  let unfinishedValue = false as boolean;
  let cutName = undefined as { readonly name: number; readonly matched: number } | undefined;

  const coverValue = (from: number): void => {
    let value = from;
    while (isBlank(bytes[value])) value++;
    const newline = coverLine(call, value);
    unfinishedValue = newline < 0;
    afterSecret = !unfinishedValue;
    at = unfinishedValue ? bytes.length : newline + 1;
  };
  /** True when the bytes at `position` are, or may become, the header. */
  const takeHeader = (position: number, name: number, alreadyMatched: number): boolean => {
    const match = matchName(bytes, position, headerNames[name]!, alreadyMatched);
    if (match === undefined) return false;
    if ('value' in match) coverValue(match.value);
    else {
      cutName = { name, matched: match.cutAfter };
      at = bytes.length;
    }
    return true;
  };

  if (kind === unfinished.headerName) takeHeader(at, (state >>> 8) & 0xff, state & 0xff);
  else if (kind === unfinished.headerValue) coverValue(at);
  else if (kind === unfinished.headerGap) {
    if (looksLikeStart(bytes, at)) open = false;
    else coverValue(at);
    // An unknown line that goes on stays unknown, whether or not bytes are missing.
    if (unfinishedValue) return stateOf(unfinished.headerGap);
  }

  while (at < bytes.length) {
    const first = bytes[at]!;
    if (afterSecret && isBlank(first)) {
      coverValue(at);
      continue;
    }
    afterSecret = false;
    if (first === lf || (first === cr && bytes[at + 1] === lf)) {
      if (!isMidLine || at > from) open = false;
      at += first === lf ? 1 : 2;
      continue;
    }
    const name = headerNames.findIndex((name) => name.charCodeAt(0) === lowerCase(first));
    if (name >= 0 && takeHeader(at, name, 0)) continue;
    const newline = findByte(bytes, lf, at, bytes.length);
    if (isStartLine(bytes, at, newline)) open = true;
    if (newline < 0) break;
    at = newline + 1;
  }

  const flag = open ? openFlag : 0;
  if (hasGap(call)) return open ? stateOf(unfinished.headerGap) : 0;
  if (unfinishedValue) return stateOf(unfinished.headerValue, flag);
  if (cutName !== undefined) return stateOf(unfinished.headerName, flag | (cutName.name << 8) | cutName.matched);
  if (afterSecret) return stateOf(unfinished.headerFolded, flag);
  return open ? stateOf(unfinished.headerOpen, at === bytes.length ? lineStartFlag : 0) : 0;
}
