import { shownConfidence } from '../../cli/output/likely-calls.ts';
import type { Reliability } from './reliability.ts';
import type { ScenarioResult } from './scenario.ts';
import { goalOf } from './shapes.ts';

/** Largest share of wrong parents that is aimed at, in every scenario. */
export const wrongGoal = 1 / 10_000;

/** A table of text: headings and rows. */
export type Table = readonly (readonly string[])[];

/** A share in percent, which is 0 or 100 only when it is exactly that. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–';
  if (part === 0 || part === whole) return part === 0 ? '0' : '100';
  return Math.min(99.99, Math.max(0.01, (100 * part) / whole)).toFixed(2);
}

/** Calls whose parents were scored. */
export function scoredCalls({ score: { right, wrong, unknown } }: ScenarioResult): number {
  return right + wrong + unknown;
}

/** Whether a scenario has as many right and as few wrong parents as it should. */
export function isMet(result: ScenarioResult): boolean {
  const all = scoredCalls(result);
  const { right, wrong } = result.score;
  return all > 0 && right >= goalOf(result.shape, result.stack) * all && wrong <= wrongGoal * all;
}

/** Right, wrong and unknown parents of every scenario. */
export function matrix(results: readonly ScenarioResult[]): Table {
  const headings = [
    ...['stack', 'load', 'right %', 'wrong %', 'unknown %', 'likely right %', 'likely wrong %', 'wrong', 'calls'],
    ...['requests', 'answered', 'seen', 'in flight', 'goal'],
  ];
  const rows = results.map((result) => {
    const { stack, shape, recorded, score } = result;
    const all = scoredCalls(result);
    const shown = score.likeliest.filter(({ confidence }) => confidence >= shownConfidence);
    const likely = shown.filter(({ isRight }) => isRight).length;
    const parts = [score.right, score.wrong, score.unknown, likely, shown.length - likely];
    const shares = parts.map((part) => percent(part, all));
    const ofRequests = [recorded.requests, recorded.outcomes['200'] ?? 0, score.answered];
    const counts = [score.wrong, all, ...ofRequests, recorded.inFlight].map(String);
    const goal = goalOf(shape, stack);
    const aim = goal === 0 ? 'none wrong' : `${percent(goal, 1)} right`;
    return [stack.name, shape.name, ...shares, ...counts, `${aim}: ${isMet(result) ? 'met' : 'missed'}`];
  });
  return [headings, ...rows];
}

/** What edges claim, and what they are. */
export function reliabilityTable(reliability: Reliability): Table {
  const rows = reliability
    .rows()
    .map(({ reason, from, edges, claimed, right }) => [
      reason,
      binText(from, reliability),
      String(edges),
      claimed.toFixed(4),
      shareText(right),
    ]);
  return [['reason', 'claimed confidence', 'edges', 'claimed, mean', 'right'], ...rows];
}

/** What the likeliest parents claim, and what they are, in either half of the scenarios. */
export function likelyTable(halves: readonly [Reliability, Reliability]): Table {
  const keyOf = ({ reason, from }: { readonly reason: string; readonly from: number }): string => `${reason} ${from}`;
  const byKey = halves.map((half) => new Map(half.rows().map((row) => [keyOf(row), row])));
  const keys = new Map(byKey.flatMap((rowsOf) => [...rowsOf]));
  const rows = [...keys.values()]
    .sort((a, b) => a.reason.localeCompare(b.reason) || b.from - a.from)
    .map((key) => [
      key.reason,
      binText(key.from, halves[0]),
      ...byKey.flatMap((rowsOf) => {
        const row = rowsOf.get(keyOf(key));
        return row === undefined ? ['0', '–', '–'] : [String(row.edges), row.claimed.toFixed(3), row.right.toFixed(3)];
      }),
    ]);
  const half = (name: string): readonly string[] => [`calls, ${name}`, 'claimed, mean', 'right'];
  return [['reason', 'claimed confidence', ...half('first half'), ...half('second half')], ...rows];
}

function binText(from: number, { bins }: Reliability): string {
  const to = bins.find((bin) => bin > from) ?? 1;
  return from === 1 ? '1' : `${from} to ${to}`;
}

const shareText = (share: number): string => (share === 1 ? '1' : Math.min(0.9999, share).toFixed(4));

/** A table in Markdown, as Prettier writes it: numbers are not aligned. */
export function markdownTable([headings = [], ...rows]: Table): string {
  const widths = headings.map((_, column) => Math.max(3, ...[headings, ...rows].map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`;
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('');
}
