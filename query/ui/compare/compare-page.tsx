import { useMemo, useState } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import { ErrorNotice, Notice } from '../shell/notice.tsx';
import { useParameters } from '../shell/use-parameters.ts';
import { useTitle } from '../shell/use-title.ts';
import { counted } from '../text/count.ts';
import { durationText } from '../text/duration.ts';
import { momentText } from '../text/moment.ts';
import type { TraceModel } from '../trace/model/trace-model.ts';
import { type LoadingTrace, useTrace } from '../trace/use-trace.ts';
import { type AlignedCall, alignTraces, byDifference, differenceNs } from './align-traces.ts';
import { CompareTable, differenceText } from './compare-table.tsx';
import '../shell/page-parts.css';
import './compare.css';

/** Two traces side by side: which of the same calls took longer, and what only one of them has. */
export function ComparePage(): React.ReactNode {
  useTitle('Compare');
  const { left = '', right = '' } = useParams<{ readonly left?: string; readonly right?: string }>();
  return (
    <div className="compare-page">
      <TracePicker key={`${left} ${right}`} left={left} right={right} />
      {left === '' || right === '' ? (
        <Notice kind="empty" title="Which traces?">
          Give the ids of two traces of the same kind, such as a slow and a fast one.
        </Notice>
      ) : (
        <Compared left={left} right={right} />
      )}
    </div>
  );
}

interface Ids {
  readonly left: string;
  readonly right: string;
}

function TracePicker({ left, right }: Ids): React.ReactNode {
  const [, navigate] = useLocation();
  const [ids, setIds] = useState({ left, right });
  const isComplete = [ids.left, ids.right].every((id) => /^[0-9a-f]{1,32}$/i.test(id.trim()));
  const field = (side: 'left' | 'right', label: string): React.ReactNode => (
    <input
      type="text"
      className="mono compare-id"
      value={ids[side]}
      placeholder={label}
      aria-label={label}
      spellCheck={false}
      autoComplete="off"
      maxLength={40}
      onChange={({ target }) => setIds({ ...ids, [side]: target.value })}
    />
  );
  return (
    <form
      className="page-head"
      onSubmit={(event) => {
        event.preventDefault();
        if (isComplete) navigate(`/compare/${ids.left.trim().toLowerCase()}/${ids.right.trim().toLowerCase()}`);
      }}
    >
      <h1>Compare</h1>
      {field('left', 'Id of trace A')}
      {field('right', 'Id of trace B')}
      <button type="submit" disabled={!isComplete}>
        Compare
      </button>
      <button type="button" disabled={!isComplete} onClick={() => navigate(`/compare/${right}/${left}`)}>
        Swap
      </button>
    </form>
  );
}

function Compared({ left, right }: Ids): React.ReactNode {
  const [one, other] = [useTrace(left), useTrace(right)];
  for (const [id, { state, retry }] of [
    [left, one],
    [right, other],
  ] as const)
    if (state.kind === 'failed')
      return <ErrorNotice error={state.error} title={`Trace ${id} could not be read`} retry={retry} />;
  if (one.state.kind !== 'read' || other.state.kind !== 'read')
    return <Notice kind="loading">Reading both traces … {spansText(one.state, other.state)}</Notice>;
  return <Comparison left={one.state.model} right={other.state.model} />;
}

function spansText(...states: readonly LoadingTrace[]): string {
  const spans = states.reduce((sum, state) => sum + (state.kind === 'reading' ? state.spans : 0), 0);
  return spans === 0 ? '' : counted(spans, 'span');
}

interface ComparisonProps {
  readonly left: TraceModel;
  readonly right: TraceModel;
}

function Comparison({ left, right }: ComparisonProps): React.ReactNode {
  const [parameters, change] = useParameters();
  const isSorted = parameters.get('sort') === 'difference';
  const calls = useMemo(() => alignTraces(left, right), [left, right]);
  const shown = useMemo(() => (isSorted ? byDifference(calls) : calls), [calls, isSorted]);
  return (
    <>
      <div className="compare-heads">
        <Head name="A" model={left} />
        <Head name="B" model={right} />
        <p>
          <strong>{summaryText(calls)}</strong>
        </p>
        <div className="choice" role="group" aria-label="Order">
          <button type="button" aria-pressed={!isSorted} onClick={() => change({ sort: '' })}>
            As called
          </button>
          <button type="button" aria-pressed={isSorted} onClick={() => change({ sort: 'difference' })}>
            Greatest difference
          </button>
        </div>
      </div>
      <CompareTable calls={shown} isTree={!isSorted} leftId={left.head.trace_id} rightId={right.head.trace_id} />
    </>
  );
}

function Head({ name, model }: { readonly name: string; readonly model: TraceModel }): React.ReactNode {
  const { head, beginNs, durationNs, columns } = model;
  return (
    <p>
      <b>{name}</b> <Link href={`/trace/${head.trace_id}`}>{head.trace_id.slice(0, 8)}</Link>{' '}
      <span className="muted">
        {momentText(beginNs)}, {durationText(durationNs)}, {counted(columns.count, 'span')}
      </span>
    </p>
  );
}

/** What differs, in one sentence. */
function summaryText(calls: readonly AlignedCall[]): string {
  const onlyLeft = calls.filter(({ right }) => right === undefined).length;
  const onlyRight = calls.filter(({ left }) => left === undefined).length;
  const [root] = calls;
  const difference = root === undefined ? undefined : differenceNs(root, 'durationNs');
  const parts = [
    difference === undefined ? 'They begin differently' : `B took ${differenceText(difference)}`,
    ...(onlyLeft > 0 ? [`${counted(onlyLeft, 'call')} only in A`] : []),
    ...(onlyRight > 0 ? [`${counted(onlyRight, 'call')} only in B`] : []),
  ];
  return `${parts.join('; ')}.`;
}
