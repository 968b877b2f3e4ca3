/**
 * The summary that the semantic conventions name SQL spans by ("Generating a summary of the query"): operations and the
 * tables they work on, in the order of the statement: `SELECT orders items`. It is read off the statement's shape, whose
 * literals are removed, so that no word inside a text is taken for a table. Shapes are few, so each is read once.
 */
const maxSummaries = 2048;
/** Shapes are cut at this length, perhaps in the middle of a name (protocols/sql/sql-statement.ts). */
const maxShapeLength = 256;
const maxSummaryLength = 255;

const words =
  /\b(?:(SELECT|INSERT|DELETE|UPDATE|REPLACE|MERGE|CREATE|ALTER|DROP|TRUNCATE|CALL)|FROM|INTO|JOIN|TABLE|USING)\b(?:\s+(?:INTO|FROM|TABLE|IGNORE|ONLY|IF|NOT|EXISTS)\b)*\s*([\w$.`"]*)/gi;
/** Operations that are directly followed by their table; after the others the next word may be anything. */
const takesTable = /^(?:UPDATE|INSERT|DELETE|REPLACE|MERGE|TRUNCATE|CREATE|ALTER|DROP|CALL)$/i;
const noTable = /^(?:SELECT|SET|VALUES|WHERE|DISTINCT|ALL|INDEX|VIEW|DATABASE|SCHEMA|UNIQUE|FUNCTION|USER|ON|\d.*)?$/i;

const summaries = new Map<string, string>();

/** Operations and tables of a statement without literals; empty if none is recognised. */
export function querySummary(shape: string): string {
  let summary = summaries.get(shape);
  if (summary === undefined) {
    if (summaries.size >= maxSummaries) summaries.clear();
    summaries.set(shape, (summary = summarize(shape)));
  }
  return summary;
}

function summarize(shape: string): string {
  const parts: string[] = [];
  for (const match of shape.matchAll(words)) {
    const [whole, operation, name] = match;
    if (operation !== undefined) parts.push(operation.toUpperCase());
    const isCut = shape.length >= maxShapeLength && match.index + whole.length === shape.length;
    const isTable = operation === undefined || takesTable.test(operation);
    if (isTable && name !== undefined && !noTable.test(name) && !isCut) parts.push(name.replaceAll(/[`"]/g, ''));
  }
  while (parts.join(' ').length > maxSummaryLength) parts.pop();
  return parts.join(' ');
}
