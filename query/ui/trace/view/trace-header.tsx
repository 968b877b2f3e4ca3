import { useState } from 'react';
import { Link } from 'wouter';
import { ApiError } from '../../api/api-error.ts';
import { saveFile } from '../../api/save-file.ts';
import { currentToken } from '../../api/token.ts';
import { Notice } from '../../shell/notice.tsx';
import { durationText } from '../../text/duration.ts';
import { exactMoment, momentText } from '../../text/moment.ts';
import type { TraceModel } from '../model/trace-model.ts';

/** What trace it is, and what can be taken away of it. */
export function TraceHeader({ model }: { readonly model: TraceModel }): React.ReactNode {
  const { columns, calls, tree, head, failed, beginNs, durationNs } = model;
  const root = tree.roots[0]!;
  const callCount = calls.head.reduce((count, of, span) => count + Number(of === span), 0);
  const errors = failed.reduce((count, each) => count + each, 0);
  const { texts } = columns;
  const services = new Set([...columns.server, ...columns.service].map((number) => texts[number])).size;
  return (
    <header className="trace-header">
      <h1>
        {texts[columns.server[root]!]} <span>{texts[columns.operation[root]!]}</span>
      </h1>
      <dl>
        <Item name="Duration">{durationText(durationNs)}</Item>
        <Item name="Began">
          <time dateTime={exactMoment(beginNs)} title={exactMoment(beginNs)}>
            {momentText(beginNs)}
          </time>
        </Item>
        <Item name="Calls">{callCount.toLocaleString('en')}</Item>
        <Item name="Spans">{columns.count.toLocaleString('en')}</Item>
        <Item name="Services">{services.toLocaleString('en')}</Item>
        <Item name="Errors">
          {errors === 0 ? 'none' : <span className="bad">✕ {errors.toLocaleString('en')}</span>}
        </Item>
        {calls.roots.length > 1 ? <Item name="Roots">{calls.roots.length.toLocaleString('en')}</Item> : undefined}
        <Item name="Id">
          <code>{head.trace_id}</code>
        </Item>
      </dl>
      <Actions id={head.trace_id} />
      <OtherTraces ids={head.also_carried_by} />
      <LeftOut model={model} />
    </header>
  );
}

/** What a trace has beyond what is shown. */
function LeftOut({ model: { head, columns } }: { readonly model: TraceModel }): React.ReactNode {
  if (head.left_out === 0 && !columns.isTextCut) return undefined;
  return (
    <Notice kind="warning">
      {head.left_out === 0
        ? 'Names and endpoints of this trace take too much memory: some are shown as …'
        : `The first ${columns.count.toLocaleString('en')} spans by their start are shown. ${head.left_out.toLocaleString('en')} later ones are left out, so sums and the critical path are of a part of the trace.`}
    </Notice>
  );
}

function Item({ name, children }: { readonly name: string; readonly children: React.ReactNode }): React.ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Actions({ id }: { readonly id: string }): React.ReactNode {
  return (
    <div className="actions">
      <Link href={`/compare/${id}`}>Compare</Link>
      <CopyButton text={() => location.href}>Copy link</CopyButton>
      <CopyButton text={() => curlText(`/api/traces/${id}`)}>Copy as curl</CopyButton>
      <OtlpLink id={id} />
    </div>
  );
}

/** The token itself is not for the clipboard. */
function curlText(path: string): string {
  const token = currentToken() === '' ? '' : ' -H "Authorization: Bearer $TOKEN"';
  return `curl${token} '${location.origin}${path}'`;
}

/** A link, unless the API wants a token: browsers follow links without one. */
function OtlpLink({ id }: { readonly id: string }): React.ReactNode {
  const [problem, setProblem] = useState('');
  const path = `/api/traces/${id}/otlp`;
  const save = async (event: React.MouseEvent): Promise<void> => {
    if (currentToken() === '') return;
    event.preventDefault();
    setProblem('');
    try {
      await saveFile(path, `trace-${id}.json`);
    } catch (error) {
      setProblem(error instanceof ApiError ? error.problems.join('; ') : String(error));
    }
  };
  return (
    <>
      <a href={path} download={`trace-${id}.json`} onClick={(event) => void save(event)}>
        Download OTLP JSON
      </a>
      {problem === '' ? undefined : (
        <span role="alert" className="bad">
          {problem}
        </span>
      )}
    </>
  );
}

function CopyButton({ text, children }: { readonly text: () => string; readonly children: string }): React.ReactNode {
  const [result, setResult] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text());
      setResult('Copied');
    } catch {
      setResult('Not allowed');
    }
  };
  return (
    <button type="button" className="link" onClick={() => void copy()} onBlur={() => setResult('')}>
      <span aria-live="polite">{result === '' ? children : result}</span>
    </button>
  );
}

function OtherTraces({ ids }: { readonly ids: readonly string[] }): React.ReactNode {
  if (ids.length === 0) return undefined;
  return (
    <p className="muted">
      The same W3C trace id is carried by {ids.length === 1 ? 'another trace' : 'other traces'}:{' '}
      {ids.map((id) => (
        <a key={id} href={`/trace/${id}`}>
          <code>{id.slice(0, 12)}…</code>{' '}
        </a>
      ))}
    </p>
  );
}
