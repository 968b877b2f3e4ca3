import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { captureMissing, describeWhere } from '../../test/requirement.ts';
import { defaultCache } from './cache.ts';
import { Databases } from './databases.ts';
import { wrongGoal } from './matrix.ts';
import { recordScenario } from './record-scenario.ts';
import { prepareStack, scoreRecording } from './scenario.ts';
import { callsPerRequest, shapesOf } from './shapes.ts';
import type { Stack } from './stack.ts';
import { stackNamed } from './stacks.ts';

const requests = 1_200;
/** Preparing is not part of it; the server starts, answers, and its recording is traced. */
const timeoutMs = 120_000;

/** The six stacks that are used most, and the share of parents that is right on any machine: a margin below what is measured. */
const cases: readonly (readonly [name: string, right: number])[] = [
  ['express + axios', 0.98],
  ['FastAPI + httpx', 0.95],
  ['Go net/http', 0.98],
  ['Spring MVC + RestTemplate', 0.3],
  ['nginx + php-fpm', 0.98],
  // Its loop hides which call is whose where a busy machine makes it answer many requests a turn.
  ['Envoy, 1 worker', 0.02],
];

/** Without databases, which other tests have: the loads are calls, alone, and right after their shape has changed. */
function callsOnly(stack: Stack): Stack {
  return { ...stack, endpoints: stack.endpoints.filter((endpoint) => endpoint !== 'databases'), databases: [] };
}

const unable = captureMissing();
const prepared = await Promise.all(
  cases.map(async ([name, right]) => {
    const stack = callsOnly(stackNamed(name));
    const { built, missing } = unable === undefined ? await prepareStack(stack, defaultCache()) : { missing: unable };
    return { stack, right, built, missing };
  }),
);
const folder = mkdtempSync(join(tmpdir(), 'spanloom-stacks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const { stack, right, built, missing } of prepared) {
  describeWhere(missing, stack.name, () => {
    it(
      `has no wrong parents, and ${right * 100} % right ones at least`,
      async () => {
        const shape = shapesOf(stack).at(-1)!;
        const file = join(folder, `${stack.name.replaceAll(/\W+/g, '-')}.avro`);
        const calls = Math.floor(requests * callsPerRequest(shape));
        const recorded = await recordScenario(stack, shape, { databases: new Databases(), built: built!, calls, file });
        expect(recorded.outcomes).toEqual({ 200: recorded.requests });
        const { score } = await scoreRecording(file, recorded.ports);
        const all = score.right + score.wrong + score.unknown;
        expect(all).toBeGreaterThan(requests / 2);
        const wrong = score.edges.filter(({ isRight }) => !isRight).map(({ reason }) => reason);
        expect(wrong.slice(Math.floor(wrongGoal * all))).toEqual([]);
        expect(score.right / all).toBeGreaterThanOrEqual(right);
      },
      timeoutMs,
    );
  });
}
