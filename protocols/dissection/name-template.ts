import { hexValue } from './ascii.ts';

/**
 * The low-cardinality form of a domain name: labels that look like identifiers (a number of three digits or more, eight or
 * more hexadecimal digits with a number among them, an address written with hyphens) become `{id}`, and the labels of a
 * reverse lookup `{address}`.
 */
export function nameTemplate(name: string): string {
  const lower = lowerCase(name);
  if (!hasDigit(lower)) return lower;
  if (lower.endsWith('.in-addr.arpa')) return '{address}.in-addr.arpa';
  if (lower.endsWith('.ip6.arpa')) return '{address}.ip6.arpa';
  let template = '';
  let start = 0;
  let changed = false;
  while (start <= lower.length) {
    const dot = lower.indexOf('.', start);
    const end = dot < 0 ? lower.length : dot;
    if (isIdentifier(lower, start, end)) {
      template += '{id}';
      changed = true;
    } else template += lower.slice(start, end);
    if (dot < 0) break;
    template += '.';
    start = dot + 1;
  }
  return changed ? template : lower;
}

/** Only the case of ASCII letters is the same to DNS (RFC 4343; RFC 6762, §16): all other characters stay as they are. */
function lowerCase(name: string): string {
  return name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function hasDigit(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x30 && code <= 0x39) return true;
  }
  return false;
}

function isIdentifier(text: string, start: number, end: number): boolean {
  let digits = 0;
  let hexDigits = 0;
  let hyphens = 0;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x30 && code <= 0x39) digits++;
    else if (code === 0x2d) hyphens++;
    if (hexValue(code) >= 0) hexDigits++;
  }
  const length = end - start;
  if (digits === length) return length >= 3;
  if (hyphens >= 3 && digits + hyphens >= length - 3 && digits >= 4) return true;
  return digits > 0 && hexDigits + hyphens === length && hexDigits >= 8;
}
