/** Rows about listed traces by the id that the trace is listed by. */
export function rowsByTrace<Row extends { readonly listed_id: string }>(
  rows: readonly Row[],
): ReadonlyMap<string, readonly Row[]> {
  const byTrace = new Map<string, Row[]>();
  for (const row of rows) {
    const known = byTrace.get(row.listed_id);
    if (known === undefined) byTrace.set(row.listed_id, [row]);
    else known.push(row);
  }
  return byTrace;
}
