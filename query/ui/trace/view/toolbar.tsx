import type { FilterResult } from '../model/span-filter.ts';
import type { ChangeUrl, TraceUrl } from '../use-trace-url.ts';

/** Id of the field that `/` leads to. */
export const filterFieldId = 'trace-filter';

/** What to look for within the trace, and how much of it is open. */
export function Toolbar({
  url,
  change,
  found,
  deepest,
  onDepth,
  onFocusAll,
  focus,
}: {
  readonly url: TraceUrl;
  readonly change: ChangeUrl;
  readonly found: FilterResult | undefined;
  readonly deepest: number;
  readonly onDepth: (depth: number) => void;
  readonly onFocusAll: () => void;
  readonly focus: string | undefined;
}): React.ReactNode {
  const { filter } = url;
  return (
    <div className="toolbar" role="search" aria-label="Within the trace">
      <input
        id={filterFieldId}
        type="search"
        value={filter.text}
        placeholder="Filter: service, endpoint, status … (/)"
        aria-label="Text to look for within the trace"
        onChange={(event) => change({ q: event.target.value })}
      />
      <input
        className="toolbar-min"
        type="text"
        value={url.minText}
        placeholder="from … ms"
        aria-label="Least duration of a span, such as 20ms"
        aria-invalid={url.minText !== '' && filter.minDurationNs === 0}
        onChange={(event) => change({ min: event.target.value })}
      />
      <Toggle isOn={filter.onlyErrors} label="Errors" onChange={(on) => change({ errors: on ? '1' : '' })} />
      <Toggle isOn={filter.onlyPath} label="Critical path" onChange={(on) => change({ path: on ? '1' : '' })} />
      <Toggle isOn={url.onlyMatches} label="Matches only" onChange={(on) => change({ only: on ? '1' : '' })} />
      {filter.service === '' ? undefined : (
        <button type="button" className="condition" onClick={() => change({ service: '' })}>
          {filter.service} <span aria-label="remove">✕</span>
        </button>
      )}
      <output>{found === undefined ? '' : `${found.count.toLocaleString('en')} found`}</output>
      <span className="toolbar-space" />
      {focus === undefined ? undefined : (
        <button type="button" className="condition" onClick={onFocusAll}>
          Only {focus} <span aria-label="remove">✕</span>
        </button>
      )}
      <Levels depth={url.depth} deepest={deepest} onDepth={onDepth} />
    </div>
  );
}

function Toggle({
  isOn,
  label,
  onChange,
}: {
  readonly isOn: boolean;
  readonly label: string;
  readonly onChange: (isOn: boolean) => void;
}): React.ReactNode {
  return (
    <button type="button" aria-pressed={isOn} onClick={() => onChange(!isOn)}>
      {label}
    </button>
  );
}

function Levels({
  depth,
  deepest,
  onDepth,
}: {
  readonly depth: number;
  readonly deepest: number;
  readonly onDepth: (depth: number) => void;
}): React.ReactNode {
  const shown = Math.min(depth, deepest);
  return (
    <span className="levels" role="group" aria-label="Levels that are open">
      <button type="button" disabled={shown === 0} onClick={() => onDepth(0)} title="Close all (C)">
        Close all
      </button>
      <button
        type="button"
        disabled={shown === 0}
        onClick={() => onDepth(shown - 1)}
        aria-label="One level less"
        title="One level less (,)"
      >
        −
      </button>
      <span className="muted">
        {shown + 1} of {deepest + 1} levels
      </span>
      <button
        type="button"
        disabled={shown >= deepest}
        onClick={() => onDepth(shown + 1)}
        aria-label="One level more"
        title="One level more (.)"
      >
        +
      </button>
      <button type="button" disabled={depth >= deepest} onClick={() => onDepth(Infinity)} title="Open all (O)">
        Open all
      </button>
    </span>
  );
}
