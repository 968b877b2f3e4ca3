/**
 * Are all hops of Bookinfo there, each under its right parent? Requests in a row, then with 16 in flight, each compared with the
 * tree that is known beforehand: which request a span belongs to says the path of its call, which no stage looks at.
 *
 *   npx tsx bench/bookinfo.ts [requests] [scenario…]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFile } from '../core/project-files.ts';
import { expectedTree } from '../demo/bookinfo/testing/expected-tree.ts';
import { readBookinfoFile, scoreBookinfo } from '../demo/bookinfo/testing/score.ts';
import { scenarios, type Scenario } from '../demo/bookinfo/topology.ts';

const requests = Number(process.argv[2] ?? 1_000);
const asked = process.argv.slice(3);
const chosen = asked.length === 0 ? (['tunnel'] as const) : scenarios.filter((scenario) => asked.includes(scenario));
const mostNamed = 20;

function run(scenario: Scenario, inFlight: number, json: string): number {
  const options = ['--scenario', scenario, '--requests', String(requests), '--in-flight', String(inFlight)];
  const program = ['--import', 'tsx', projectFile('cli', 'main.ts'), 'bookinfo', '--once', '--json', json];
  const startedAtMs = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [...program, ...options], { encoding: 'utf8' });
  // What came before is in the file and counts.
  if (status !== 0) console.log(`spanloom bookinfo ended with ${status}: ${stderr}`);
  return (performance.now() - startedAtMs) / 1_000;
}

const folder = mkdtempSync(join(tmpdir(), 'spanloom-bench-bookinfo-'));
try {
  for (const scenario of chosen)
    for (const inFlight of [1, 16]) {
      const json = join(folder, 'traces.json');
      const seconds = run(scenario, inFlight, json);
      const expected = expectedTree(scenario, true);
      const score = scoreBookinfo(readBookinfoFile(json), { expected, requests });
      const { complete, right, wrong, missingEdges, missingSpans, unexpectedSpans } = score;
      console.log(
        `${scenario}, ${inFlight} in flight, ${seconds.toFixed(0)} s: ${complete} of ${requests} requests complete; ` +
          `of ${requests * expected.size} edges ${right} right, ${wrong.length} wrong, ${missingEdges.length} missing; ` +
          `${missingSpans.length} spans missing, ${unexpectedSpans.length} unexpected`,
      );
      for (const [what, texts] of Object.entries({ wrong, missingEdges, missingSpans, unexpectedSpans }))
        for (const text of texts.slice(0, mostNamed)) console.log(`  ${what}: ${text}`);
    }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
