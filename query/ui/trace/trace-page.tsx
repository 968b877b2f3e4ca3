import { useEffect } from 'react';
import { Link, useParams } from 'wouter';
import type { ApiError } from '../api/api-error.ts';
import { ErrorNotice, Notice } from '../shell/notice.tsx';
import { TraceView } from './trace-view.tsx';
import { useTrace } from './use-trace.ts';
import './trace.css';

/** Shows one trace. */
export function TracePage(): React.ReactNode {
  const { id } = useParams<{ readonly id: string }>();
  const { state, retry } = useTrace(id);
  useEffect(() => {
    document.title = `Trace ${id.slice(0, 8)} · spanloom`;
  }, [id]);
  const { kind } = state;
  if (kind === 'read' && state.model.columns.count > 0) return <TraceView key={id} model={state.model} />;
  return (
    <>
      <h1 className="only-read">Trace {id}</h1>
      {kind === 'failed' ? <FailedTrace id={id} error={state.error} retry={retry} /> : undefined}
      {kind === 'reading' ? (
        <Notice kind="loading">
          {state.spans === 0 ? 'Reading the trace …' : `Reading the trace … ${state.spans.toLocaleString('en')} spans`}
        </Notice>
      ) : undefined}
      {kind === 'read' ? (
        <Notice kind="empty" title="This trace has no spans">
          Its spans may have been removed after their time. <Link href="/">Search for other traces</Link>.
        </Notice>
      ) : undefined}
    </>
  );
}

function FailedTrace({
  id,
  error,
  retry,
}: {
  readonly id: string;
  readonly error: ApiError;
  readonly retry: () => void;
}): React.ReactNode {
  if (error.status === 404)
    return (
      <Notice kind="empty" title="There is no such trace">
        <p>
          No trace has the id <code>{id}</code>. It may be too old to be kept, or not be stored yet: a trace is stored
          some seconds after it began.
        </p>
        <button type="button" onClick={retry}>
          Look again
        </button>{' '}
        <Link href="/">Search for traces</Link>
      </Notice>
    );
  const { trace_ids: ids } = error.body;
  if (error.status === 409 && Array.isArray(ids))
    return (
      <Notice kind="empty" title={`Several traces begin with ${id}`}>
        <ul>
          {ids.map(String).map((each) => (
            <li key={each}>
              <Link href={`/trace/${each}`}>
                <code>{each}</code>
              </Link>
            </li>
          ))}
        </ul>
      </Notice>
    );
  return <ErrorNotice error={error} title="The trace could not be read" retry={retry} />;
}
