import { expect, it } from 'vitest';
import { captureProblem } from './capture-problem.ts';

it('a machine that cannot capture is told everything that it lacks', () => {
  const works = { name: 'on_sys_enter', loaded: true, attached: true };
  const fails = { name: 'on_sys_exit', loaded: true, attached: false, error: 'no room' };
  expect(captureProblem({ programs: [works], missing: [] })).toBeUndefined();
  expect(captureProblem({ programs: [], missing: ['CAP_BPF is missing.', 'CAP_PERFMON is missing.'] })).toBe(
    'CAP_BPF is missing. CAP_PERFMON is missing.',
  );
  expect(captureProblem({ programs: [works, fails], missing: [] })).toBe('The kernel refuses on_sys_exit: no room');
});
