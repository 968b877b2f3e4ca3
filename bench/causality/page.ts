import { shownConfidence } from '../../cli/output/likely-calls.ts';
import { likelyTable, markdownTable, matrix, reliabilityTable } from './matrix.ts';
import { likelyBins, Reliability } from './reliability.ts';
import type { ScenarioResult } from './scenario.ts';
import { warmUpRequests } from './score.ts';
import { stacks } from './stacks.ts';

/** Text of the page that `--write` writes. @param skipped lines of what could not be measured */
export function truthPage(results: readonly ScenarioResult[], skipped: readonly string[]): string {
  const reliability = new Reliability();
  for (const { score } of results) reliability.add(score.edges);
  const halves: [Reliability, Reliability] = [new Reliability(likelyBins), new Reliability(likelyBins)];
  for (const [index, { score }] of results.entries()) halves[index % 2]!.add(score.likeliest);
  const lossy = results.filter(({ lost }) => lost > 0).map(({ name, lost }) => `${name} (${lost} events)`);
  const losses =
    lossy.length === 0 ? '' : `\nThe kernel's ring buffer was full and lost events in: ${lossy.join('; ')}.\n`;
  const measured = stacks.filter((stack) => results.some((result) => result.stack === stack));
  const kinds = [['stack', 'how it serves and calls'], ...measured.map(({ name, kind }) => [name, kind])];
  const absent = skipped.length === 0 ? '' : `\nNot measured here:\n\n${skipped.map((line) => `- ${line}\n`).join('')}`;
  return `# Are the parents right?

For people who want to know how far they can rely on the parents of spans. After reading, you know the share of right, wrong and
unknown parents for servers of the kind that you run, and what the confidence of an edge is worth.

\`npm run bench -- causality --write\` measures this and writes this page. Do not edit it.

Each row is a gateway under load: for every request it calls a backend, or databases too. The parent of such a call should be that
request. A parent is **right** when it is, **wrong** when it is another request, and **unknown** when the call has none. An unknown
parent cuts a trace in two; a wrong one makes it untrue. Of unknown ones, those are **likely right** or **likely wrong** for which a
probability of ${shownConfidence} or more is claimed: the waterfall shows such a call as likely under that request. The goal is at most one wrong parent in 10,000 calls in every row, and
a share of right ones that depends on the kind of server.

## Matrix

${markdownTable(matrix(results))}${losses}${runsNote(results)}${absent}
## Confidence

Every edge has a reason and a confidence, the probability that it is right. This table compares what the edges of the matrix
claim with the share of them that is right.

${markdownTable(reliabilityTable(reliability))}
A call without a parent may have up to three likely ones, mostly by joint assignment: of all calls and requests of a while together
(\`correlator/joint-assignment/\`). This table compares what the likeliest one claims with the share that is right, in either half of
the scenarios: every other row of the matrix. The model learns from each process by itself, without the truth. Its few constants were
chosen with all rows in view, none for a row.

${markdownTable(likelyTable(halves))}
## How it is measured

- The bench starts the gateway, a backend that answers after 0 to 20 ms, and databases: PostgreSQL, MariaDB and Redis. Versions of
  frameworks and clients are pinned in \`bench/causality/workloads/\`.
- \`spanloom record\` captures the host while a client keeps the given number of requests in flight.
- Every request carries a number of its own in the header \`x-truth\`. The gateway passes it on in a header, a key or a parameter. Only the
  scorer reads it.
- The recording goes through enricher and correlator with default settings. Calls of the first ${warmUpRequests} requests of a process do
  not count: the enricher still learns how the process works.
- _calls_ are those that count. _requests_ were sent, _answered_ had status 200, _seen_ are server spans with a response.
- A load is one endpoint (\`one call\`, \`three in sequence\`, \`three in parallel\`, \`databases\`: a query of each and a call), or
  \`changing\`: one after the other and then all in turn, where the calls right after a change count too.
- Every row has a process of its own, so that nothing is learned from another load.

## Stacks

${markdownTable(kinds)}`;
}

/** Rows that were recorded apart from most others, by recordings that were kept. */
function runsNote(results: readonly ScenarioResult[]): string {
  const sizes = new Map<string, number>();
  for (const { recorded } of results) sizes.set(recorded.run, (sizes.get(recorded.run) ?? 0) + 1);
  const [most] = [...sizes].sort(([, a], [, b]) => b - a)[0] ?? [];
  const others = results.filter(({ recorded }) => recorded.run !== most).map(({ name }) => name);
  return others.length === 0 ? '' : `\nNot recorded in the same run as the others: ${others.join('; ')}.\n`;
}
