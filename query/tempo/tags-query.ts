/** Tags in logfmt, the form of searches before TraceQL, as a query in TraceQL; undefined when they are none. */
export function tagsQuery(tags: string): string | undefined {
  const pairs = /\s*([^\s="]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?=\s|$)/guy;
  const terms: string[] = [];
  let end = 0;
  for (const [whole, name, quoted, plain] of tags.matchAll(pairs)) {
    end += whole.length;
    terms.push(termOf(name!, quoted === undefined ? plain! : quoted.replaceAll(/\\(.)/gsu, '$1')));
  }
  return tags.slice(end).trim() === '' ? `{ ${terms.join(' && ')} }` : undefined;
}

/** Names that are no attributes there either. */
const bare: ReadonlySet<string> = new Set(['name', 'status', 'kind']);

function termOf(name: string, value: string): string {
  if (name === 'error') return value === 'true' ? 'status = error' : 'status != error';
  if (name === 'status' || name === 'kind') return `${name} = ${value}`;
  return `${bare.has(name) ? name : `.${name}`} = ${JSON.stringify(value)}`;
}
