import { memo } from 'react';
import { Link } from 'wouter';
import { durationText } from '../text/duration.ts';
import { momentText } from '../text/moment.ts';
import type { ListedTrace } from './use-traces.ts';

/** Traces in the order in which the server lists them. */
export function TraceTable({
  traces,
  selected,
}: {
  readonly traces: readonly ListedTrace[];
  /** Position of the one that keys act on; -1 for none. */
  readonly selected: number;
}): React.ReactNode {
  const longest = traces.reduce((most, { duration_ns: ns }) => Math.max(most, ns), 1);
  return (
    <table className="traces">
      <thead>
        <tr>
          <th scope="col">Began</th>
          <th scope="col" className="number">
            Duration
          </th>
          <th scope="col" aria-hidden="true" />
          <th scope="col">Service</th>
          <th scope="col">Endpoint</th>
          <th scope="col">Status</th>
          <th scope="col" className="number">
            Spans
          </th>
          <th scope="col" className="number">
            Errors
          </th>
        </tr>
      </thead>
      <tbody>
        {traces.map((trace, at) => (
          <TraceRow key={trace.trace_id} trace={trace} longest={longest} isSelected={at === selected} />
        ))}
      </tbody>
    </table>
  );
}

const TraceRow = memo(function TraceRow({
  trace,
  longest,
  isSelected,
}: {
  readonly trace: ListedTrace;
  readonly longest: number;
  readonly isSelected: boolean;
}): React.ReactNode {
  const { trace_id: id, duration_ns: ns, root_status: status, root_response_code: code } = trace;
  const failed = !['ok', 'unknown'].includes(status);
  const what = trace.root_endpoint.toUpperCase().startsWith(trace.root_request_type.toUpperCase())
    ? trace.root_endpoint
    : `${trace.root_request_type} ${trace.root_endpoint}`;
  return (
    <tr className={isSelected ? 'row-selected' : ''} aria-selected={isSelected} data-selected={isSelected}>
      <td className="number-left">{momentText(BigInt(trace.start_time_ns))}</td>
      <td className="number">{durationText(ns)}</td>
      <td className="traces-bar" aria-hidden="true">
        <span style={{ width: `${Math.max(1, (ns / longest) * 100)}%` }} />
      </td>
      <td>
        <strong>{trace.root_service_name}</strong>
      </td>
      <td className="traces-what">
        <Link href={`/trace/${id}`}>{what.trim() || id.slice(0, 12)}</Link>
        {trace.root_count > 1 ? <span className="muted"> + {trace.root_count - 1} more roots</span> : undefined}
      </td>
      <td className={failed ? 'bad' : ''}>
        {failed ? '✕ ' : ''}
        {status.replaceAll('_', ' ')}
        {code === 0 ? '' : ` ${code}`}
      </td>
      <td className="number">{trace.span_count.toLocaleString('en')}</td>
      <td className={`number ${trace.error_count > 0 ? 'bad' : 'muted'}`}>
        {trace.error_count > 0 ? `✕ ${trace.error_count.toLocaleString('en')}` : '–'}
      </td>
    </tr>
  );
});
