/** A query string, decoded strictly: what a lenient reader would replace or drop is a problem here. */

/** More parameters than there can be good ones. */
const maxParameters = 64;

/** Parameters, or everything that is wrong with them. */
export type ParsedQueryString =
  | { readonly kind: 'parameters'; readonly parameters: URLSearchParams }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** Reads what comes after the question mark. Never throws. */
export function parseQueryString(text: string): ParsedQueryString {
  const parts = text.split('&').filter((part) => part !== '');
  if (parts.length > maxParameters)
    return { kind: 'problems', problems: [`there are more than ${maxParameters} parameters`] };
  const parameters = new URLSearchParams();
  const problems: string[] = [];
  for (const [index, part] of parts.entries()) {
    const at = part.includes('=') ? part.indexOf('=') : part.length;
    const [name, value] = [decoded(part.slice(0, at)), decoded(part.slice(at + 1))];
    const label = name === undefined || name.includes('\0') ? `parameter ${index + 1}` : name;
    if (name === undefined || value === undefined)
      problems.push(`${label}: the percent-encoding is broken, or not of UTF-8`);
    else if (`${name}${value}`.includes('\0')) problems.push(`${label}: contains a NUL character`);
    else parameters.append(name, value);
  }
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'parameters', parameters };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
