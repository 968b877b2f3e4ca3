import { useState } from 'react';
import { parseDuration } from '../text/duration.ts';
import { Combobox } from './combobox.tsx';
import { ConditionField } from './condition-field.tsx';
import { useFieldValues } from './use-completion.ts';
import { type ChangeSearch, lastRanges, type SearchUrl } from './use-search-url.ts';

/** Id of the field that `/` leads to. */
export const whereFieldId = 'search-where';

const protocols = ['http1', 'dns', 'redis', 'mysql', 'postgresql', 'memcached', 'fastcgi'] as const;
const statuses = ['error', 'ok', 'client_error', 'server_error', 'timeout', 'closed', 'unknown'] as const;

interface FormProps {
  readonly url: SearchUrl;
  readonly change: ChangeSearch;
}

/** What to look for. */
export function FilterForm({ url, change }: FormProps): React.ReactNode {
  return (
    <form className="filters" role="search" aria-label="Traces" onSubmit={(event) => event.preventDefault()}>
      <TextFilter key={`s ${url.service}`} name="service" field="seen_service" label="Service" {...{ url, change }} />
      <TextFilter key={`e ${url.endpoint}`} name="endpoint" field="endpoint" label="Endpoint" {...{ url, change }} />
      <WhereFilter key={`w ${url.where}`} {...{ url, change }} />
      <Choice name="protocol" label="Protocol" options={protocols} {...{ url, change }} />
      <Choice name="status" label="Status" options={statuses} {...{ url, change }} />
      <DurationFilter key={`min ${url.min_duration}`} name="min_duration" label="At least" {...{ url, change }} />
      <DurationFilter key={`max ${url.max_duration}`} name="max_duration" label="At most" {...{ url, change }} />
      <TimeFilter key={`t ${url.from} ${url.to}`} {...{ url, change }} />
    </form>
  );
}

function TextFilter({
  name,
  field,
  label,
  url,
  change,
}: FormProps & {
  readonly name: 'service' | 'endpoint';
  readonly field: string;
  readonly label: string;
}): React.ReactNode {
  const [text, setText] = useState(url[name]);
  const [isUsed, setUsed] = useState(false);
  const values = useFieldValues(isUsed ? field : undefined, text);
  const commit = (value: string): void => {
    if (value !== url[name]) change({ [name]: value.trim(), box: '' });
  };
  return (
    <Combobox
      label={label}
      placeholder={label}
      className={`filter-${name}`}
      value={text}
      options={values.filter((value) => value !== text && value !== '')}
      onType={(typed) => {
        setUsed(true);
        setText(typed);
      }}
      onChoose={commit}
      onCommit={() => commit(text)}
    />
  );
}

function WhereFilter({ url, change }: FormProps): React.ReactNode {
  return (
    <ConditionField
      inputId={whereFieldId}
      className="filter-where"
      condition={url.where}
      onCommit={(where) => change({ where, box: '' })}
    />
  );
}

function Choice({
  name,
  label,
  options,
  url,
  change,
}: FormProps & {
  readonly name: 'protocol' | 'status';
  readonly label: string;
  readonly options: readonly string[];
}): React.ReactNode {
  return (
    <select
      aria-label={label}
      value={url[name]}
      className={url[name] === '' ? 'muted' : ''}
      onChange={(event) => change({ [name]: event.target.value, box: '' })}
    >
      <option value="">Any {label.toLowerCase()}</option>
      {options.map((option) => (
        <option key={option} value={option}>
          {option === 'error' ? 'any error' : option.replaceAll('_', ' ')}
        </option>
      ))}
    </select>
  );
}

function DurationFilter({
  name,
  label,
  url,
  change,
}: FormProps & { readonly name: 'min_duration' | 'max_duration'; readonly label: string }): React.ReactNode {
  const [text, setText] = useState(url[name]);
  const isWrong = text.trim() !== '' && parseDuration(text) === undefined;
  const commit = (): void => {
    const bare = text.trim();
    const value = /^[\d.]+$/.test(bare) ? `${bare}ms` : bare;
    if (!isWrong && value !== url[name]) change({ [name]: value, box: '' });
  };
  return (
    <input
      type="text"
      className="filter-duration"
      aria-label={`${label}, such as 250ms`}
      placeholder={`${label} … ms`}
      aria-invalid={isWrong}
      title={isWrong ? 'A duration is a number with ns, us, ms, s, m or h' : undefined}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
      onBlur={commit}
    />
  );
}

function TimeFilter({ url, change }: FormProps): React.ReactNode {
  const [isCustom, setCustom] = useState(url.from !== '' || url.to !== '');
  const value = isCustom ? 'custom' : url.last;
  return (
    <span className="filter-time">
      <select
        aria-label="Time"
        value={value}
        onChange={({ target }) => {
          setCustom(target.value === 'custom');
          if (target.value !== 'custom') change({ last: target.value, from: '', to: '', box: '' });
        }}
      >
        <option value="">Any time</option>
        {[...lastRanges].map(([name, { title }]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
        <option value="custom">From … to …</option>
      </select>
      {isCustom ? (
        <>
          <Moment name="from" label="From" {...{ url, change }} />
          <Moment name="to" label="To" {...{ url, change }} />
        </>
      ) : undefined}
    </span>
  );
}

function Moment({
  name,
  label,
  url,
  change,
}: FormProps & { readonly name: 'from' | 'to'; readonly label: string }): React.ReactNode {
  const [text, setText] = useState(localText(url[name]));
  const commit = (): void => {
    const at = text === '' ? '' : new Date(text).toISOString();
    if (localText(url[name]) !== text) change({ [name]: at, last: '', box: '' });
  };
  return (
    <input
      type="datetime-local"
      step="1"
      aria-label={label}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
      onBlur={commit}
    />
  );
}

/** A moment of the address as such a field wants it: in the person's time zone, to the second. */
function localText(moment: string): string {
  const ms = /^\d{19}$/.test(moment) ? Number(BigInt(moment) / 1_000_000n) : Date.parse(moment);
  if (Number.isNaN(ms)) return '';
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
