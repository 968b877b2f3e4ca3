import { useState } from 'react';
import { useKeys } from '../shell/keys.ts';
import type { ChangeParameters } from '../shell/use-parameters.ts';
import { writeRange } from '../time/time-range.ts';
import { ConditionField } from '../search/condition-field.tsx';
import { TimeRangePicker } from '../time/time-range-picker.tsx';
import type { CallFilter, CallsUrl } from './calls-url.ts';
import { callProtocols, callStatuses } from './call-choices.ts';

interface CallsBarProps {
  readonly url: CallsUrl;
  readonly isPaused: boolean;
  readonly onPause: () => void;
  readonly onChange: ChangeParameters;
}

/** Id of the field that `/` leads to. */
const conditionId = 'calls-condition';

/** The filter, and whether the list moves. */
export function CallsBar({ url, isPaused, onPause, onChange }: CallsBarProps): React.ReactNode {
  const { filter, range, isLive } = url;
  const [endpoint, setEndpoint] = useState(filter.endpoint ?? '');
  const [duration, setDuration] = useState(filter.min_duration ?? '');
  useKeys('Calls', [{ keys: '/', label: 'Filter', run: () => document.getElementById(conditionId)?.focus() }]);
  const apply = (): void => {
    const typed = { endpoint: endpoint.trim(), min_duration: duration.trim() };
    const isChanged = Object.entries(typed).some(([name, text]) => text !== (filter[name as keyof CallFilter] ?? ''));
    if (isChanged) onChange({ ...typed, call: '' }, { push: true });
  };
  return (
    <form
      className="page-head calls-head"
      role="search"
      aria-label="Filter of calls"
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <h1>Calls</h1>
      <ConditionField
        inputId={conditionId}
        className="calls-where"
        condition={filter.where ?? ''}
        onCommit={(where) => onChange({ where, call: '' }, { push: true })}
      />
      <ShortField label="Part of the endpoint" value={endpoint} onChange={setEndpoint} onLeave={apply} />
      <ShortField label="Min. duration, 20ms" value={duration} onChange={setDuration} onLeave={apply} />
      <Choice
        label="Protocol"
        value={filter.protocol}
        values={callProtocols}
        onChange={(protocol) => onChange({ protocol })}
      />
      <Choice label="Status" value={filter.status} values={callStatuses} onChange={(status) => onChange({ status })} />
      {filter.service === undefined ? undefined : (
        <button type="button" title="Remove" onClick={() => onChange({ service: '' })}>
          service {filter.service} ✕
        </button>
      )}
      <button type="submit">Filter</button>
      <span className="gap" />
      <PauseButton isPaused={isPaused} isLive={isLive} onPause={onPause} />
      <TimeRangePicker range={range} onChange={(next) => onChange({ ...writeRange(next) })} />
    </form>
  );
}

interface PauseButtonProps extends Pick<CallsBarProps, 'isPaused' | 'onPause'> {
  readonly isLive: boolean;
}

function PauseButton({ isPaused, isLive, onPause }: PauseButtonProps): React.ReactNode {
  const className = isPaused ? 'primary' : undefined;
  return (
    <button type="button" className={className} disabled={!isLive} aria-keyshortcuts="p" onClick={onPause}>
      {isPaused ? 'Go on' : 'Pause'}
    </button>
  );
}

interface ShortFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly onLeave: () => void;
}

function ShortField({ label, value, onChange, onLeave }: ShortFieldProps): React.ReactNode {
  return (
    <input
      type="text"
      className="calls-short"
      value={value}
      placeholder={label}
      aria-label={label}
      spellCheck={false}
      maxLength={1000}
      onChange={({ target }) => onChange(target.value)}
      onBlur={onLeave}
    />
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly values: readonly string[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, value = '', values, onChange }: ChoiceProps): React.ReactNode {
  return (
    <select aria-label={label} value={value} onChange={({ target }) => onChange(target.value)}>
      <option value="">Any {label.toLowerCase()}</option>
      {(value === '' || values.includes(value) ? values : [value, ...values]).map((each) => (
        <option key={each} value={each}>
          {each.replaceAll('_', ' ')}
        </option>
      ))}
    </select>
  );
}
