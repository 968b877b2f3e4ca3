import { useEffect, useRef, useState } from 'react';
import { useKeys } from '../shell/keys.ts';
import type { ChangeParameters } from '../shell/use-parameters.ts';
import { writeRange } from '../time/time-range.ts';
import { TimeRangePicker } from '../time/time-range-picker.tsx';
import { mapGroups, mapLevels } from './map-conditions.ts';
import type { MapUrl } from './use-map-url.ts';

const levelTexts = {
  service: 'Services',
  workload: 'Workloads',
  pod: 'Pods',
  process: 'Processes',
  host: 'Hosts',
} as const;
const groupTexts = { none: 'No groups', namespace: 'By namespace', zone: 'By zone', node: 'By node' } as const;

interface MapBarProps {
  readonly url: MapUrl;
  readonly onChange: ChangeParameters;
}

/** Chooses what the map shows. */
export function MapBar({ url, onChange }: MapBarProps): React.ReactNode {
  const { level, group, range, view } = url;
  return (
    <div className="page-head">
      <h1>Map</h1>
      <select
        aria-label="What a node is"
        value={level}
        onChange={({ target }) => onChange({ level: target.value === 'service' ? '' : target.value, selected: '' })}
      >
        {mapLevels.map((each) => (
          <option key={each} value={each}>
            {levelTexts[each]}
          </option>
        ))}
      </select>
      <select
        aria-label="What nodes are grouped by"
        value={group}
        onChange={({ target }) => onChange({ group: target.value === 'none' ? '' : target.value })}
      >
        {mapGroups.map((each) => (
          <option key={each} value={each}>
            {groupTexts[each]}
          </option>
        ))}
      </select>
      <NameFilter text={url.text} onChange={(q) => onChange({ q })} />
      <div className="choice" role="group" aria-label="How it is shown">
        <button type="button" aria-pressed={view === 'picture'} onClick={() => onChange({ view: '' })}>
          Picture
        </button>
        <button type="button" aria-pressed={view === 'table'} onClick={() => onChange({ view: 'table' })}>
          Table
        </button>
      </div>
      <span className="gap" />
      <TimeRangePicker range={range} onChange={(next) => onChange({ ...writeRange(next) })} />
    </div>
  );
}

/** Filters as a person types; the address follows a moment later. */
function NameFilter({
  text,
  onChange,
}: {
  readonly text: string;
  readonly onChange: (text: string) => void;
}): React.ReactNode {
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(text);
  useKeys('Map', [{ keys: '/', label: 'Filter by name', run: () => input.current?.focus() }]);
  const change = useRef(onChange);
  useEffect(() => {
    change.current = onChange;
  });
  useEffect(() => {
    if (typed === text) return undefined;
    const timer = setTimeout(() => change.current(typed), 150);
    return () => clearTimeout(timer);
  }, [typed, text]);
  return (
    <input
      ref={input}
      type="search"
      className="map-filter"
      value={typed}
      placeholder="Filter by name"
      aria-label="Filter by name"
      spellCheck={false}
      maxLength={200}
      onChange={({ target }) => setTyped(target.value)}
    />
  );
}
