/** Ten kills and every other fault there is, under load: see run-chaos.ts. `npm run test:chaos -- --kills 100` does more. */
import { expect, it } from 'vitest';
import { brokerMissing } from '../../scripts/kafka/jars.ts';
import { redisMissing } from '../../core/testing/redis-server.ts';
import { describeWhere } from '../requirement.ts';
import { runChaos } from './run-chaos.ts';

const seed = Number(process.env['CHAOS_SEED'] ?? 1);

describeWhere(brokerMissing() ?? redisMissing(), 'the pipeline as services, disturbed', () => {
  it(`comes to what it comes to undisturbed: nothing is lost, doubled or different (seed ${seed})`, async () => {
    const lines: string[] = [];
    const report = await runChaos({ seed, kills: 10, sets: 1, say: (line) => lines.push(line) });
    expect(report.problems, lines.join('\n')).toEqual([]);
    expect(report.faults.kill).toBe(10);
    expect(report.spans).toBeGreaterThan(5_000);
  }, 900_000);
});
