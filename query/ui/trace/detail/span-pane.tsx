import type { JsonObject } from '../../../../schemas/trace-json.ts';
import { ErrorNotice, Notice } from '../../shell/notice.tsx';
import { durationText } from '../../text/duration.ts';
import { exactMoment } from '../../text/moment.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { pointText } from '../view/point-text.ts';
import { CallSteps } from './call-steps.tsx';
import { FactTable } from './fact-table.tsx';
import { FlowFacts } from './flow-facts.tsx';
import { ReportedDetails } from './reported-details.tsx';
import { spanFacts } from './span-facts.ts';
import { TagTable } from './tag-table.tsx';
import { type SpanAnswer, useSpan } from './use-span.ts';
import { WhyHere } from './why-here.tsx';

interface SpanPaneProps {
  readonly model: TraceModel;
  readonly position: number;
  readonly onSelect: (span: number) => void;
  readonly onFocus: (span: number) => void;
  readonly onClose: () => void;
}

/** Everything about one span. */
export function SpanPane(props: SpanPaneProps): React.ReactNode {
  const { model, position, onClose, onFocus } = props;
  const { columns, calls } = model;
  const { data: answer, error, refetch } = useSpan(model, position);
  const head = calls.head[position]!;
  return (
    <aside className="pane" aria-label="Selected span">
      <div className="pane-title">
        <h2>
          {columns.texts[columns.server[position]!]} <span>{columns.texts[columns.operation[position]!]}</span>
        </h2>
        <button type="button" className="quiet" onClick={onClose} aria-label="Close" title="Close (Esc)">
          ✕
        </button>
      </div>
      <Summary model={model} position={position} />
      <p>
        <button type="button" onClick={() => onFocus(head)}>
          Show only this call and below
        </button>
      </p>
      <section>
        <h3>Where the time of this call went</h3>
        <CallSteps model={model} head={head} />
      </section>
      {answer !== undefined ? (
        <Fields {...props} answer={answer} />
      ) : error === null ? (
        <Notice kind="loading">Reading the span …</Notice>
      ) : (
        <ErrorNotice error={error} title="The span could not be read" retry={() => void refetch()} />
      )}
    </aside>
  );
}

function Summary({ model, position }: { readonly model: TraceModel; readonly position: number }): React.ReactNode {
  const { columns, failed, shiftNs, startNs } = model;
  const text = (column: Uint32Array): string => columns.texts[column[position]!]!;
  const code = columns.code[position]!;
  const exception = text(columns.exception);
  return (
    <>
      <p className="pane-summary">
        <span className={failed[position] === 1 ? 'bad' : ''}>
          {failed[position] === 1 ? '✕ ' : ''}
          {text(columns.status).replaceAll('_', ' ')}
          {code === 0 ? '' : ` ${code}`}
        </span>
        <span>{durationText(columns.durationNs[position]!)}</span>
        <span>{text(columns.protocol)}</span>
        <span>
          seen at <code>{text(columns.point)}</code>, {pointText(text(columns.point))}
        </span>
      </p>
      {exception === '' ? undefined : <p className="bad pane-exception">{exception}</p>}
      <p className="muted small">
        Began {exactMoment(columns.startNs[position]!)}, {durationText(startNs[position]!)} into the trace.
        {shiftNs[position] === 0
          ? undefined
          : ` Drawn ${durationText(Math.abs(shiftNs[position]!))} ${shiftNs[position]! > 0 ? 'later' : 'earlier'} than the clock of its host says, so that it lies within its call.`}
      </p>
    </>
  );
}

function Fields({
  model,
  position,
  answer,
  onSelect,
}: SpanPaneProps & { readonly answer: SpanAnswer }): React.ReactNode {
  const { span } = answer;
  return (
    <>
      <section>
        <h3>Why it is here</h3>
        <WhyHere model={model} position={position} span={span} onSelect={onSelect} />
      </section>
      <ReportedDetails span={span} />
      <FlowFacts span={span} storedTraceId={model.head.stored_trace_id} />
      <section>
        <h3>Both ends, then and now</h3>
        <TagTable answer={answer} />
      </section>
      <section>
        <h3>All that was recorded</h3>
        <FactTable facts={spanFacts(span as unknown as JsonObject)} caption="Fields of the span that are set" />
      </section>
    </>
  );
}
