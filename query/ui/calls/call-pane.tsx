import { Link } from 'wouter';
import { useKeys } from '../shell/keys.ts';
import { withParameters } from '../shell/use-parameters.ts';
import { countText } from '../text/count.ts';
import { durationText } from '../text/duration.ts';
import { exactMoment } from '../text/moment.ts';
import type { Call } from './call-list.ts';
import { addressText, isFailed } from './call-texts.ts';

interface CallPaneProps {
  /** Undefined where it is no longer in the list. */
  readonly call: Call | undefined;
  readonly onClose: () => void;
}

/** All fields of a call, and the way to its trace. */
export function CallPane({ call, onClose }: CallPaneProps): React.ReactNode {
  useKeys('Calls', [{ keys: 'Escape', label: 'Close the pane', run: onClose }]);
  return (
    <aside className="side-pane call-pane" aria-label="Selected call">
      <button type="button" className="quiet side-pane-close" aria-label="Close" title="Close (Esc)" onClick={onClose}>
        ✕
      </button>
      {call === undefined ? (
        <p className="muted">This call is no longer in the list.</p>
      ) : (
        <>
          <h2>
            {call.request_type} {call.endpoint}
          </h2>
          <p className={isFailed(call) ? 'bad' : 'muted'}>
            {isFailed(call) ? '✕ ' : ''}
            {call.status.replaceAll('_', ' ')}
            {call.response_code === 0 ? '' : ` ${call.response_code}`}, {durationText(call.duration_ns)}
          </p>
          <p className="side-pane-links">
            <Link href={withParameters(`/trace/${call.trace_id}`, { span: call.span_id })}>Open its trace</Link>
          </p>
          <dl className="call-fields">
            {fieldsOf(call).map(([name, text]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd className={name === 'Trace' || name === 'Span' ? 'mono' : undefined}>
                  {text === '' ? <span className="muted">none</span> : text}
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </aside>
  );
}

function fieldsOf(call: Call): readonly (readonly [string, string])[] {
  return [
    ['Start', exactMoment(BigInt(call.start_time_ns))],
    ['Duration', `${countText(call.duration_ns)} ns`],
    ['Client', call.client_service_name],
    ['Client address', addressText(call, 'client')],
    ['Server', call.server_service_name],
    ['Server address', addressText(call, 'server')],
    ['Seen at', call.observation_point],
    ['Seen by', call.service_name],
    ['Process', call.process_name],
    ['Protocol', call.is_tls ? `${call.protocol}, over TLS` : call.protocol],
    ['Method', call.request_type],
    ['Domain', call.request_domain],
    ['Resource', call.request_resource],
    ['Endpoint', call.endpoint],
    ['Request', `${countText(call.request_bytes)} bytes`],
    ['Response', `${countText(call.response_bytes)} bytes`],
    ['Trace', call.trace_id],
    ['Span', call.span_id],
  ];
}
