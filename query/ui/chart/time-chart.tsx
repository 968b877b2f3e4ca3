import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { onThemeChange, shownColors } from '../shell/theme.ts';
import { useSize } from '../shell/use-size.ts';
import { isolatedAt } from './isolated-at.ts';
import './chart.css';

/** One line of a chart. */
export interface ChartLine {
  readonly label: string;
  /** One for each time; null where nothing was seen. */
  readonly values: readonly (number | null)[];
  /** Name of a color of shell.css: `--hue-0`. */
  readonly color: string;
  /** Tells it from the others without color. */
  readonly dash?: readonly number[];
}

interface TimeChartProps {
  readonly title: string;
  /** Unix seconds. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly valueText: (value: number) => string;
}

const height = 96;

/** Values over time; below the title those at the pointer, else the latest. */
export function TimeChart({ title, times, lines, valueText }: TimeChartProps): React.ReactNode {
  const [element, setElement] = useState<HTMLDivElement | null>(null);
  const { width } = useSize(element);
  const theme = useSyncExternalStore(onThemeChange, shownColors);
  const [at, setAt] = useState<number | undefined>(undefined);
  const drawn = useRef({ times, lines, valueText });
  const content = JSON.stringify([times, lines]);
  useEffect(() => {
    drawn.current = { times, lines, valueText };
  });
  useEffect(() => {
    if (element === null || width === 0) return undefined;
    const chart = new uPlot(chartOptions(drawn.current, width, setAt), chartData(drawn.current), element);
    return () => chart.destroy();
  }, [element, width, theme, content]);
  const shown = at !== undefined && at < times.length ? at : times.length - 1;
  return (
    <figure className="time-chart" aria-label={`${title}: ${summaryText(lines, valueText)}`}>
      <figcaption>
        <span>{title}</span>
        {lines.map(({ label, values, color, dash }) => (
          <span key={label} className="time-chart-value">
            <svg width="16" height="8" aria-hidden="true">
              <line
                x1="0"
                x2="16"
                y1="4"
                y2="4"
                strokeWidth="2"
                stroke={`var(${color})`}
                {...(dash === undefined ? {} : { strokeDasharray: dash.join(' ') })}
              />
            </svg>
            {label} <b>{textOf(values[shown], valueText)}</b>
          </span>
        ))}
      </figcaption>
      <div ref={setElement} className="time-chart-plot" aria-hidden="true" />
    </figure>
  );
}

const textOf = (value: number | null | undefined, valueText: (value: number) => string): string =>
  value === null || value === undefined ? '–' : valueText(value);

/** For those who do not see the lines. */
function summaryText(lines: readonly ChartLine[], valueText: (value: number) => string): string {
  const texts = lines.map(({ label, values }) => {
    const seen = values.filter((value) => value !== null);
    if (seen.length === 0) return `${label} not seen`;
    const greatest = seen.reduce((left, right) => Math.max(left, right));
    return `${label} ${valueText(seen.at(-1)!)}, at most ${valueText(greatest)}`;
  });
  return texts.join('; ');
}

const minuteClock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hour12: false });
const secondClock = new Intl.DateTimeFormat(undefined, { minute: '2-digit', second: '2-digit', hour12: false });
const day = new Intl.DateTimeFormat(undefined, { month: '2-digit', day: '2-digit' });

/** Marks of a time axis that are so many seconds apart. */
function clockText(step: number): (seconds: number) => string {
  const format = step >= 86_400 ? day : step >= 60 ? minuteClock : secondClock;
  return (seconds) => format.format(seconds * 1_000);
}

type Drawn = Pick<TimeChartProps, 'times' | 'lines' | 'valueText'>;

function chartData({ times, lines }: Drawn): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}

function chartOptions(
  { lines, valueText }: Drawn,
  width: number,
  onPoint: (at: number | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name);
  const axis = { stroke: color('--muted'), font: '11px system-ui, sans-serif', ticks: { show: false } } as const;
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 } },
    scales: { y: { range: (_, __, greatest) => [0, greatest > 0 ? greatest * 1.1 : 1] } },
    axes: [
      {
        ...axis,
        size: 22,
        space: 64,
        grid: { show: false },
        values: (_, splits, __, ___, step) => splits.map(clockText(step)),
      },
      {
        ...axis,
        size: 58,
        space: 26,
        grid: { stroke: color('--line'), width: 1 },
        values: (_, splits) => splits.map(valueText),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, color: name, dash }) => ({
        label,
        stroke: color(name),
        width: 1.5,
        // A value between steps without one would not be seen as a line.
        points: {
          size: 5,
          fill: color(name),
          filter: (chart: uPlot, at: number, isShown: boolean) => (isShown ? null : isolatedAt(chart.data[at] ?? [])),
        },
        ...(dash === undefined ? {} : { dash: [...dash] }),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
  };
}
