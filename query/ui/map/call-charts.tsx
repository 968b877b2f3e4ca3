import { TimeChart } from '../chart/time-chart.tsx';
import { rateText } from '../text/count.ts';
import { durationText } from '../text/duration.ts';
import { momentsOf, type TimeRange } from '../time/time-range.ts';
import { everyStep } from '../chart/every-step.ts';
import { SeriesNotice } from './series-notice.tsx';
import { useSeries } from './use-topology.ts';

/** Rate, errors and durations of the calls that a condition selects. */
export function CallCharts({ where, range }: { readonly where: string; readonly range: TimeRange }): React.ReactNode {
  const { data, error, dataUpdatedAt } = useSeries(range, where);
  if (error !== null || data === undefined) return <SeriesNotice error={error} what="calls over time" />;
  const points = data.series[0]?.points ?? [];
  if (points.length === 0) return <p className="muted">No calls over time in this range.</p>;
  const steps = everyStep(points, data.step_s, momentsOf(range, dataUpdatedAt));
  const times = steps.map(({ timeS }) => timeS);
  type Point = (typeof points)[number];
  const rates = (of: (point: Point) => number): readonly number[] =>
    steps.map(({ point }) => (point === undefined ? 0 : of(point) / data.step_s));
  const durations = (of: (point: Point) => number): readonly (number | null)[] =>
    steps.map(({ point }) => (point === undefined || point.calls === 0 ? null : of(point)));
  return (
    <>
      <TimeChart
        title="Calls"
        times={times}
        valueText={rateText}
        lines={[
          { label: 'all', values: rates(({ calls }) => calls), color: '--hue-0' },
          { label: 'errors', values: rates(({ errors }) => errors), color: '--bad', dash: [4, 3] },
        ]}
      />
      <TimeChart
        title="Duration"
        times={times}
        valueText={durationText}
        lines={[
          { label: 'p50', values: durations(({ p50_ns }) => p50_ns), color: '--hue-1' },
          { label: 'p99', values: durations(({ p99_ns }) => p99_ns), color: '--hue-3', dash: [4, 3] },
        ]}
      />
    </>
  );
}
