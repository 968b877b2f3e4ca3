import { groupBy } from './group-by.ts';
import type { Difference } from './compare.ts';
import type { Comparison } from './compare-recording.ts';
import type { Exchange, ReadMessage } from './exchange.ts';
import { explanationOf } from './known-differences.ts';
import type { Recording } from './record.ts';

/** The report: a table of counts, and the differences for a person to judge. */

const shownOfAKind = 3;
const shownCharacters = 140;

const headings = [
  'protocol',
  'server',
  'client',
  'mode',
  'tshark',
  'us',
  'agree',
  'unknown',
  'differ',
  'only tshark',
  'only us',
  'explained',
];

interface Listed extends Difference {
  readonly recording: Recording;
  readonly mode: string;
  readonly explanation: string | undefined;
}

function listed(comparisons: readonly Comparison[]): Listed[] {
  return comparisons.flatMap((comparison) =>
    comparison.modes.flatMap(({ mode, agreement }) =>
      agreement.differences.map((difference) => ({
        ...difference,
        recording: comparison.recording,
        mode: mode.name,
        explanation: explanationOf(comparison, mode, difference),
      })),
    ),
  );
}

/** One row for each protocol, server, client and mode; then one for each protocol and mode. */
export function printTable(comparisons: readonly Comparison[]): void {
  const rows: string[][] = [];
  const sums = new Map<string, number[]>();
  for (const comparison of comparisons) {
    const { recording, modes } = comparison;
    for (const { mode, agreement } of modes) {
      const open = agreement.differences.filter((one) => explanationOf(comparison, mode, one) === undefined);
      const of = (kind: Difference['kind']): number => open.filter((one) => one.kind === kind).length;
      const counts = [
        ...[agreement.tshark, agreement.ours, agreement.agree, of('unknown'), of('differs'), of('only tshark')],
        ...[of('only us'), agreement.differences.length - open.length],
      ];
      rows.push([recording.protocol, recording.server, recording.client, mode.name, ...counts.map(String)]);
      const key = JSON.stringify([recording.protocol, 'all', 'all', mode.name]);
      sums.set(
        key,
        counts.map((count, index) => count + (sums.get(key)?.[index] ?? 0)),
      );
    }
  }
  for (const [key, counts] of sums) rows.push([...(JSON.parse(key) as string[]), ...counts.map(String)]);
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]!.length)));
  for (const row of [headings, ...rows]) {
    console.log(
      row
        .map((cell, column) => (column < 4 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  '),
    );
  }
}

/** Lists differences by kind: the first few, or all. */
export function printDifferences(comparisons: readonly Comparison[], all: boolean): void {
  const differences = listed(comparisons);
  const open = differences.filter(({ explanation }) => explanation === undefined);
  const byExplanation = groupBy(differences, ({ explanation }) => explanation);
  byExplanation.delete(undefined);
  if (byExplanation.size > 0) console.log('\nExplained differences');
  for (const [explanation, list] of byExplanation) console.log(`  ${list.length} × ${explanation ?? ''}`);
  const remarks = new Map<string, number>();
  for (const comparison of comparisons) {
    for (const [text, count] of comparison.remarks) {
      const key = `${comparison.recording.protocol}: ${text}`;
      remarks.set(key, (remarks.get(key) ?? 0) + count);
    }
  }
  if (remarks.size > 0) console.log('\nAbout tshark');
  for (const [text, count] of remarks) console.log(`  ${count} × ${text}`);
  printMisjudged(comparisons);
  const kinds = groupBy(open, ({ recording, mode, kind, what, facts }) =>
    [recording.protocol, mode, `${what} ${kind}`, facts.join(', ')].filter((part) => part !== '').join(' | '),
  );
  if (kinds.size > 0) console.log('\nDifferences');
  for (const [kind, differences] of kinds) {
    console.log(`\n  ${kind}: ${differences.length}`);
    const shown = all ? differences : firstOfEachClient(differences).slice(0, shownOfAKind);
    for (const difference of shown) {
      const { recording, tshark, ours } = difference;
      console.log(`    ${recording.client} to ${recording.server}, ${(tshark ?? ours)?.stream ?? ''}`);
      console.log(`      tshark ${described(tshark)}`);
      console.log(`      us     ${described(ours)}`);
    }
  }
}

function firstOfEachClient(differences: readonly Listed[]): readonly Listed[] {
  const groups = [...groupBy(differences, ({ recording }) => recording.file).values()];
  return [...groups.map(([first]) => first!), ...groups.flatMap((group) => group.slice(1))];
}

function printMisjudged(comparisons: readonly Comparison[]): void {
  const lines = comparisons.flatMap(({ recording, modes }) =>
    modes.flatMap(({ mode, misjudged }) =>
      [...misjudged]
        .filter(([protocol]) => protocol !== 'unknown' || mode.missedShares[0] === 0)
        .map(
          ([protocol, count]) => `  ${count} × ${recording.client} to ${recording.server}, ${mode.name}: ${protocol}`,
        ),
    ),
  );
  if (lines.length > 0) console.log(`\nConnections taken for another protocol, or for none\n${lines.join('\n')}`);
}

function described(exchange: Exchange | undefined): string {
  if (exchange === undefined) return 'nothing';
  const { request, response, isUnknown } = exchange;
  return `${message(request)} -> ${isUnknown === true ? 'unknown ' : ''}${message(response)}`;
}

function message(read: ReadMessage | undefined): string {
  if (read === undefined) return 'none';
  const facts = Object.entries(read.facts).map(
    ([name, value]) => `${name}=${JSON.stringify(value.slice(0, shownCharacters))}`,
  );
  return `#${read.frame} ${facts.join(' ')}`;
}
