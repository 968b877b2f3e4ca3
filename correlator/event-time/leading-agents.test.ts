import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeadingAgents } from './leading-agents.ts';

test('the first two are those with the greatest times, whoever comes, goes on and goes', () => {
  const steps = fc.array(fc.tuple(fc.nat(60), fc.nat(100), fc.boolean()), { maxLength: 300 });
  fc.assert(
    fc.property(steps, (all) => {
      const agents = new Map<number, { timeNs: number }>();
      const leading = new LeadingAgents(agents);
      for (const [id, by, goes] of all) {
        const agent = agents.get(id) ?? { timeNs: by };
        if (goes) {
          agents.delete(id);
          leading.remove(agent);
        } else {
          if (agents.has(id)) agent.timeNs += by;
          agents.set(id, agent);
          leading.raise(agent);
        }
        const times = [...agents.values()].map(({ timeNs }) => timeNs).sort((left, right) => right - left);
        expect([leading.first()?.timeNs, leading.second()?.timeNs]).toEqual([times[0], times[1]]);
        const first = leading.first();
        expect(leading.first(first)?.timeNs).toBe(first === undefined ? undefined : times[1]);
      }
    }),
    { numRuns: 300 },
  );
});
