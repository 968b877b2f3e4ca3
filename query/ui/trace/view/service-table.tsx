import { useMemo, useState } from 'react';
import { durationText, shareText } from '../../text/duration.ts';
import { serviceTotals, type ServiceTotals } from '../model/breakdown.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { hueColor } from './service-hues.ts';

type Column = 'ownNs' | 'networkNs' | 'unseenNs' | 'pathNs' | 'calls' | 'errors';

const columns: readonly { readonly column: Column; readonly title: string; readonly hint: string }[] = [
  { column: 'calls', title: 'Calls', hint: 'Calls that it served' },
  { column: 'errors', title: 'Errors', hint: 'Of these, calls that failed' },
  { column: 'ownNs', title: 'Work', hint: 'Time in the application itself, without its calls' },
  {
    column: 'networkNs',
    title: 'Network',
    hint: 'Time on the way to it and back: the network, and the kernels on both ends as far as packets were not seen',
  },
  {
    column: 'unseenNs',
    title: 'Unseen',
    hint: 'Time of calls to it that were seen only from outside: on the network or in it',
  },
  { column: 'pathNs', title: 'Path', hint: 'Time on the critical path, of the whole trace' },
];

interface ServiceTableProps {
  readonly model: TraceModel;
  readonly hues: ReadonlyMap<string, number>;
  /** The one that is filtered by; empty for none. */
  readonly service: string;
  readonly onService: (service: string) => void;
}

/** Services of the trace with their time; a click filters. */
export function ServiceTable(props: ServiceTableProps): React.ReactNode {
  const { model } = props;
  const [order, setOrder] = useState<Column>('pathNs');
  const totals = useMemo(
    () => serviceTotals(model).toSorted((one, other) => other[order] - one[order]),
    [model, order],
  );
  return (
    <aside className="pane" aria-label="Services">
      <div className="pane-title">
        <h2>Services</h2>
      </div>
      <table className="services">
        <thead>
          <tr>
            <th scope="col">Service</th>
            {columns.map(({ column, title, hint }) => (
              <th
                key={column}
                scope="col"
                className="number"
                title={hint}
                aria-sort={order === column ? 'descending' : undefined}
              >
                <button type="button" className="link" onClick={() => setOrder(column)}>
                  {title}
                  {order === column ? ' ↓' : ''}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {totals.slice(0, maxServices).map((each) => (
            <ServiceRow key={each.service} {...props} totals={each} />
          ))}
        </tbody>
      </table>
      {totals.length > maxServices ? <p className="muted">And {totals.length - maxServices} more.</p> : undefined}
    </aside>
  );
}

/** No more are listed. */
const maxServices = 500;

function ServiceRow({
  model,
  hues,
  service,
  onService,
  totals,
}: ServiceTableProps & { readonly totals: ServiceTotals }): React.ReactNode {
  const isChosen = totals.service === service;
  return (
    <tr className={isChosen ? 'row-selected' : ''}>
      <th scope="row" title={totals.service}>
        <span className="chip" style={{ background: hueColor(hues.get(totals.service)) }} />
        <button
          type="button"
          className="link"
          aria-pressed={isChosen}
          onClick={() => onService(isChosen ? '' : totals.service)}
        >
          {totals.service || '(no name)'}
        </button>
      </th>
      {columns.map(({ column }) => (
        <td key={column} className={`number ${column === 'errors' && totals.errors > 0 ? 'bad' : ''}`}>
          {cellText(totals, column, model.durationNs)}
        </td>
      ))}
    </tr>
  );
}

function cellText(totals: ServiceTotals, column: Column, durationNs: number): string {
  const value = totals[column];
  if (value === 0) return '–';
  if (column === 'calls') return value.toLocaleString('en');
  if (column === 'errors') return `✕ ${value.toLocaleString('en')}`;
  return column === 'pathNs' ? shareText(value / durationNs) : durationText(value);
}
