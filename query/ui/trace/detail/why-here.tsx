import { Link } from 'wouter';
import { shareText } from '../../text/duration.ts';
import type { SpanJson } from '../model/span-json.ts';
import { positionOf, spanIdAt } from '../model/span-ids.ts';
import { rootKinds } from '../model/span-tree.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { type LikelyEdge, useLikelyEdges } from './use-likely-edges.ts';
import { reasonName, reasonSentence } from './reasons.ts';

interface WhyProps {
  readonly model: TraceModel;
  readonly position: number;
  readonly span: SpanJson;
  readonly onSelect: (span: number) => void;
}

/** Why the span is where it is in the tree: reason, confidence and rivals; or why no parent is known. */
export function WhyHere(props: WhyProps): React.ReactNode {
  const { model, position, span } = props;
  const parent = model.tree.parent[position]!;
  const edges = useLikelyEdges(model.head.stored_trace_id);
  const into = edges.filter(({ span_id: id }) => id === span.span_id);
  const out = edges.filter(({ parent_span_id: id }) => id === span.span_id);
  return (
    <>
      {parent === -1 ? <WithoutParent {...props} /> : <Parent {...props} parent={parent} />}
      <Rivals {...props} edges={into} parent={parent} />
      {out.length === 0 ? undefined : (
        <>
          <h4>Calls of other traces that it likely made</h4>
          <ul className="rivals">
            {out.map((edge) => (
              <li key={edge.span_id}>
                <Link href={`/trace/${edge.trace_id}?span=${edge.span_id}`}>
                  <code>{edge.span_id}</code>
                </Link>
                <Certainty confidence={edge.confidence} reason={edge.reason} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Parent({ model, span, parent, onSelect }: WhyProps & { readonly parent: number }): React.ReactNode {
  return (
    <>
      <p>
        Its parent is <SpanButton model={model} position={parent} onSelect={onSelect} />
      </p>
      <p className="why">
        <strong>{reasonName(span.reason)}</strong>
        {span.confidence > 0 ? <span className="confidence">{shareText(span.confidence)} certain</span> : undefined}
        <br />
        {reasonSentence(span.reason)}
      </p>
    </>
  );
}

function WithoutParent({ model, position, span }: WhyProps): React.ReactNode {
  const kind = model.tree.rootKind[position]!;
  if (kind === rootKinds.absent)
    return (
      <p>
        Its parent <code>{span.parent_span_id}</code> is known ({reasonName(span.reason)}), but is not among the spans
        that were read.
      </p>
    );
  if (kind === rootKinds.cycle)
    return <p>What is recorded as its parent is also below it, so it is drawn as a root.</p>;
  if (span.likely_parents.length > 0)
    return (
      <p>
        No parent is certain enough: several requests were open when {span.process_name || 'the process'} made this
        call.
      </p>
    );
  return span.observation_point.startsWith('s') ? (
    <p>No parent is known: the request came from where nothing is observed, or its sender was not seen making it.</p>
  ) : (
    <p>No parent is known: no request was seen for which {span.process_name || 'the process'} made this call.</p>
  );
}

interface Candidate {
  readonly span_id: string;
  readonly reason: string;
  readonly confidence: number;
  readonly note: string;
  /** A call of the same parent, whose response led to this one: it says the same as the parent. */
  readonly agrees: boolean;
}

/** What else was found that may have led to the span: what says the same, and what speaks for another parent. */
function Rivals({ model, span, parent, edges, onSelect }: WhyProps & RivalsOf): React.ReactNode {
  const { columns, tree } = model;
  const candidates: readonly Candidate[] = [
    ...span.likely_parents.map((each) => ({ ...each, note: '', agrees: false })),
    ...span.causes.map(({ span_id, rule, confidence, learned, kind }) => {
      const position = positionOf(columns.ids, span_id);
      return {
        span_id,
        reason: rule,
        confidence,
        note: `${kind === 'response' ? 'its response led here' : ''}${learned ? '' : ' (not yet learned for this process)'}`,
        agrees: kind === 'response' && parent !== -1 && position !== -1 && tree.parent[position] === parent,
      };
    }),
  ].filter(({ span_id: id }) => parent === -1 || id !== spanIdAt(columns.ids, parent));
  const [agreeing, rivals] = [true, false].map((agrees) => candidates.filter((each) => each.agrees === agrees));
  const list = { model, edges, onSelect };
  return (
    <>
      <Candidates {...list} title="What says the same" candidates={agreeing!} />
      <Candidates {...list} title={parent === -1 ? 'Likely parents' : 'Other candidates'} candidates={rivals!} />
      {parent !== -1 && rivals!.length === 0 ? <p className="muted small">There was no other candidate.</p> : undefined}
    </>
  );
}

interface RivalsOf {
  readonly parent: number;
  readonly edges: readonly LikelyEdge[];
}

interface CandidatesProps extends Pick<WhyProps, 'model' | 'onSelect'>, Pick<RivalsOf, 'edges'> {
  readonly title: string;
  readonly candidates: readonly Candidate[];
}

function Candidates({ model, edges, onSelect, title, candidates }: CandidatesProps): React.ReactNode {
  if (candidates.length === 0) return undefined;
  return (
    <>
      <h4>{title}</h4>
      <ul className="rivals">
        {candidates.map(({ span_id: id, reason, confidence, note }, at) => {
          const position = positionOf(model.columns.ids, id);
          const edge = edges.find(({ parent_span_id: candidate }) => candidate === id);
          return (
            <li key={`${id} ${at}`}>
              {position !== -1 ? (
                <SpanButton model={model} position={position} onSelect={onSelect} />
              ) : edge === undefined ? (
                <code>{id}</code>
              ) : (
                <Link href={`/trace/${edge.parent_trace_id}?span=${id}`}>
                  <code>{id}</code> of another trace
                </Link>
              )}
              <Certainty confidence={confidence} reason={reason} /> <span className="muted">{note}</span>
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Certainty({ confidence, reason }: { readonly confidence: number; readonly reason: string }): React.ReactNode {
  return (
    <span className="muted" title={reasonSentence(reason)}>
      {' '}
      {shareText(confidence)}, {reasonName(reason)}
    </span>
  );
}

function SpanButton({
  model: { columns },
  position,
  onSelect,
}: {
  readonly model: TraceModel;
  readonly position: number;
  readonly onSelect: (span: number) => void;
}): React.ReactNode {
  const { texts, server, operation, point } = columns;
  return (
    <button type="button" className="link" onClick={() => onSelect(position)}>
      {texts[server[position]!]} {texts[operation[position]!]} at <code>{texts[point[position]!]}</code>
    </button>
  );
}
