import { momentText } from '../text/moment.ts';
import { momentsOf, rangeText, type TimeRange } from './time-range.ts';
import './time.css';

const choices = [
  { ms: 300_000, text: '5 min' },
  { ms: 900_000, text: '15 min' },
  { ms: 3_600_000, text: '1 h' },
  { ms: 21_600_000, text: '6 h' },
  { ms: 86_400_000, text: '1 d' },
] as const;

/** Chooses the last minutes or hours, or holds still the range that is shown. */
export function TimeRangePicker({
  range,
  onChange,
}: {
  readonly range: TimeRange;
  readonly onChange: (range: TimeRange) => void;
}): React.ReactNode {
  const isListed = range.kind === 'last' && choices.some(({ ms }) => ms === range.ms);
  return (
    <div className="time-range" role="group" aria-label="Time shown">
      <span className="muted">{range.kind === 'between' || !isListed ? rangeText(range) : 'Last'}</span>
      {choices.map(({ ms, text }) => (
        <button
          key={ms}
          type="button"
          aria-label={`Last ${text}`}
          aria-pressed={range.kind === 'last' && range.ms === ms}
          onClick={() => onChange({ kind: 'last', ms })}
        >
          {text}
        </button>
      ))}
      <button
        type="button"
        aria-pressed={range.kind === 'between'}
        title={
          range.kind === 'between'
            ? `Held: ${momentText(range.fromNs)} to ${momentText(range.toNs)}`
            : 'Keep to the time that is shown now; the address then leads to it'
        }
        onClick={() =>
          onChange(
            range.kind === 'between'
              ? { kind: 'last', ms: 900_000 }
              : { kind: 'between', ...momentsOf(range, Date.now()) },
          )
        }
      >
        Hold
      </button>
    </div>
  );
}
