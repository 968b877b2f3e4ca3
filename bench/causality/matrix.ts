import type { Reliability } from './reliability.ts';
import { confidenceBins } from './reliability.ts';
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
    ...['stack', 'load', 'right %', 'wrong %', 'unknown %', 'wrong', 'calls', 'requests', 'answered', 'seen'],
    ...['in flight', 'goal'],
  ];
  const rows = results.map((result) => {
    const { stack, shape, recorded, score } = result;
    const all = scoredCalls(result);
    const shares = [score.right, score.wrong, score.unknown].map((part) => percent(part, all));
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
  const headings = ['reason', 'claimed confidence', 'edges', 'claimed, mean', 'right'];
  const rows = reliability.rows().map(({ reason, from, edges, claimed, right }) => {
    const to = confidenceBins.find((bin) => bin > from);
    return [
      reason,
      to === undefined ? '1' : `${from} to ${to}`,
      String(edges),
      claimed.toFixed(4),
      right === 1 ? '1' : Math.min(0.9999, right).toFixed(4),
    ];
  });
  return [headings, ...rows];
}

/** A table in Markdown, as Prettier writes it: numbers are not aligned. */
export function markdownTable([headings = [], ...rows]: Table): string {
  const widths = headings.map((_, column) => Math.max(3, ...[headings, ...rows].map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`;
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('');
}
