import type { StateAnswer } from '../../api/routes/state.ts';
import type { TimeRange } from '../time/time-range.ts';
import { useStageStates } from './use-state.ts';

export type StageLoss = StateAnswer['losses'][number];

/** A loss is reported up to this long after it happened. */
const reportDelayNs = 20_000_000_000n;

/** What was lost in a range of time, the greatest first; nothing as long as that is not known. */
export function useLosses(range: TimeRange): readonly StageLoss[] {
  const { data } = useStageStates(withReports(range));
  return data?.losses ?? [];
}

/** The range with the time in which stages report what happened in it. */
export function withReports(range: TimeRange): TimeRange {
  return range.kind === 'last' ? range : { ...range, toNs: range.toNs + reportDelayNs };
}
