import type { Outcome } from './outcome.ts';

/** Examples of each kind that are told. */
const examples = 5;

/** What differs between the undisturbed and the disturbed run, or within one: nothing, when nothing was lost or doubled. */
export function compareOutcomes(expected: Outcome, actual: Outcome): readonly string[] {
  const found: string[] = [];
  const tell = (what: string, items: readonly string[]): void => {
    if (items.length === 0) return;
    const some = items.slice(0, examples).map((item) => `\n    ${item}`);
    found.push(`${items.length} ${what}:${some.join('')}`);
  };
  for (const [name, { doubled, spans, spanRows, traceRows, traceIds, enrichedSpans }] of [
    ['the undisturbed run', expected],
    ['the disturbed run', actual],
  ] as const) {
    tell(`spans twice in the final traces of ${name}`, doubled);
    const counts = { enrichedSpans, spansInTraces: spans.size, spanRows: spanRows.length };
    if (new Set(Object.values(counts)).size !== 1) tell(`counts differ in ${name}`, [JSON.stringify(counts)]);
    if (traceRows.length !== traceIds.size)
      tell(`counts of traces differ in ${name}`, [`${traceIds.size} on the bus, ${traceRows.length} rows`]);
  }
  tell(
    'spans lost',
    [...expected.spans].flatMap(([id, text]) => (actual.spans.has(id) ? [] : [`${id} ${text}`])),
  );
  tell(
    'spans made up',
    [...actual.spans].flatMap(([id, text]) => (expected.spans.has(id) ? [] : [`${id} ${text}`])),
  );
  const changes = new Map<string, string[]>();
  for (const [id, text] of expected.spans) {
    const other = actual.spans.get(id);
    if (other === undefined || other === text) continue;
    const fields = changedFields(text, other);
    const names = fields.map(([name]) => name).join(', ');
    changes.set(names, [...(changes.get(names) ?? []), `${id} ${JSON.stringify(fields)}`]);
  }
  for (const [names, spans] of changes) tell(`spans differ in ${names}`, spans);
  tell('rows of spans differ', differentLines(expected.spanRows, actual.spanRows));
  tell('rows of traces differ', differentLines(expected.traceRows, actual.traceRows));
  tell('rows of resources differ', differentLines(expected.resourceRows, actual.resourceRows));
  tell(
    'poison records without a dead letter',
    [...actual.poison].filter((place) => !actual.letters.has(place)),
  );
  tell(
    'dead letters of what is no poison',
    [...actual.letters].filter((place) => !actual.poison.has(place)),
  );
  tell('dead letters in the undisturbed run', [...expected.letters]);
  if (expected.events !== actual.events)
    tell('counts of events differ', [`${expected.events} and ${actual.events} distinct events arrived`]);
  return found;
}

function changedFields(left: string, right: string): readonly (readonly [string, unknown, unknown])[] {
  const [one, other] = [left, right].map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>);
  return Object.keys(one!)
    .filter((name) => JSON.stringify(one![name]) !== JSON.stringify(other![name]))
    .flatMap((name) => {
      if (name !== 'client' && name !== 'server') return [[name, one![name], other![name]] as const];
      const [left, right] = [one![name], other![name]].map((side) => JSON.stringify(side));
      return changedFields(left!, right!).map(([field, ...values]) => [`${name}.${field}`, ...values] as const);
    });
}

function differentLines(left: readonly string[], right: readonly string[]): readonly string[] {
  const [ours, theirs] = [new Set(left), new Set(right)];
  return [
    ...left.filter((line) => !theirs.has(line)).map((line) => `- ${line.slice(0, 300)}`),
    ...right.filter((line) => !ours.has(line)).map((line) => `+ ${line.slice(0, 300)}`),
  ];
}
