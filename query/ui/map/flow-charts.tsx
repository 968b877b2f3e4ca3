import { TimeChart } from '../chart/time-chart.tsx';
import { partText } from '../text/count.ts';
import { durationText } from '../text/duration.ts';
import { momentsOf, type TimeRange } from '../time/time-range.ts';
import { everyStep } from '../chart/every-step.ts';
import { SeriesNotice } from './series-notice.tsx';
import { useFlowSeries } from './use-topology.ts';

interface FlowChartsProps {
  readonly client: string;
  readonly server: string;
  readonly range: TimeRange;
}

/** What became of the packets between two services. */
export function FlowCharts({ client, server, range }: FlowChartsProps): React.ReactNode {
  const { data, error, dataUpdatedAt } = useFlowSeries(range, client, server);
  if (error !== null || data === undefined) return <SeriesNotice error={error} what="packets over time" />;
  const { points } = data;
  if (points.every(({ packets }) => packets === 0))
    return <p className="muted">No packets of this edge were captured: their times and losses are not known.</p>;
  const steps = everyStep(points, data.step_s, momentsOf(range, dataUpdatedAt));
  const times = steps.map(({ timeS }) => timeS);
  const seen = (of: (point: (typeof points)[number]) => number): readonly (number | null)[] =>
    steps.map(({ point }) => (point === undefined || point.round_trip_mean_ns < 0 ? null : of(point)));
  return (
    <>
      <TimeChart
        title="Packets sent again"
        times={times}
        valueText={(share) => partText(share, 1)}
        lines={[
          {
            label: 'share',
            values: steps.map(({ point }) =>
              point === undefined || point.packets === 0 ? null : point.retransmissions / point.packets,
            ),
            color: '--hue-5',
          },
        ]}
      />
      <TimeChart
        title="Round trip"
        times={times}
        valueText={durationText}
        lines={[
          { label: 'mean', values: seen((point) => point.round_trip_mean_ns), color: '--hue-2' },
          {
            label: 'max',
            values: seen((point) => point.round_trip_max_ns),
            color: '--hue-3',
            dash: [4, 3],
          },
        ]}
      />
    </>
  );
}
