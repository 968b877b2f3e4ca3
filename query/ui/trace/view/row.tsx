import { memo } from 'react';
import { durationText, shareText } from '../../text/duration.ts';
import { callFacts } from '../model/call-facts.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { rowHeight } from './draw-bars.ts';
import { pointText } from './point-text.ts';
import { hueColor } from './service-hues.ts';

interface RowProps {
  readonly model: TraceModel;
  readonly span: number;
  readonly row: number;
  readonly isHop: boolean;
  readonly level: number;
  /** Calls directly below. */
  readonly below: number;
  readonly isOpen: boolean;
  readonly isUnfolded: boolean;
  readonly isDim: boolean;
  readonly isSelected: boolean;
  readonly hue: number | undefined;
  readonly nameWidth: number;
  readonly onSelect: (span: number) => void;
  readonly onToggle: (call: number) => void;
  readonly onUnfold: (call: number) => void;
}

/** Deeper levels are not indented further: the name needs the room. */
const maxIndent = 16;
const indentWidth = 14;

/** A call, or one observation of it. */
export const Row = memo(function Row(props: RowProps): React.ReactNode {
  const { span, row, isHop, level, below, isOpen, isDim, isSelected, nameWidth } = props;
  const className = ['row', isHop ? 'row-hop' : '', isDim ? 'row-dim' : '', isSelected ? 'row-selected' : ''].join(' ');
  return (
    <div
      id={`row-${span}-${Number(isHop)}`}
      role="row"
      aria-rowindex={row + 1}
      aria-level={level + 1}
      aria-selected={isSelected}
      aria-expanded={below > 0 ? isOpen : undefined}
      className={className}
      style={{ height: rowHeight }}
      onClick={() => props.onSelect(span)}
    >
      <div
        role="gridcell"
        className="row-name"
        style={{ width: nameWidth, paddingLeft: 6 + Math.min(level, maxIndent) * indentWidth }}
      >
        {isHop ? <HopName {...props} /> : <CallName {...props} />}
      </div>
    </div>
  );
});

function CallName({ model, span, below, isOpen, isUnfolded, hue, onToggle, onUnfold }: RowProps): React.ReactNode {
  const { columns, tree } = model;
  const { texts } = columns;
  const { hopCount, last, failed, networkNs } = callFacts(model, span);
  const server = texts[columns.server[last]!]! || texts[columns.service[last]!]! || '?';
  const client = texts[columns.client[span]!]!;
  const total = columns.durationNs[span]!;
  return (
    <>
      <Caret below={below} isOpen={isOpen} onToggle={() => onToggle(span)} />
      <span className="chip" style={{ background: hueColor(hue) }} />
      {tree.parent[span] === -1 && client !== '' ? <span className="row-client">{client} →</span> : undefined}
      <strong>{server}</strong>
      <span className="row-operation" title={texts[columns.operation[last]!]}>
        {texts[columns.operation[last]!]}
      </span>
      {failed ? <span className="bad row-error">✕ {failureText(model, span)}</span> : undefined}
      <EdgeBadge model={model} span={span} />
      <span className="only-read">{`took ${durationText(total)}`}</span>
      {hopCount > 1 ? (
        <button
          type="button"
          className="hops"
          tabIndex={-1}
          aria-expanded={isUnfolded}
          title={`Seen at ${hopCount} places; ${durationText(networkNs)} (${shareText(total > 0 ? networkNs / total : 0)}) between the outermost and the innermost`}
          onClick={(event) => {
            event.stopPropagation();
            onUnfold(span);
          }}
        >
          {hopCount} hops
        </button>
      ) : undefined}
    </>
  );
}

function HopName({ model, span }: RowProps): React.ReactNode {
  const { columns, failed } = model;
  const point = columns.texts[columns.point[span]!]!;
  const tunnel = columns.texts[columns.tunnels[span]!]!;
  return (
    <>
      <code className="point">{point}</code>
      <span className="row-operation">{pointText(point)}</span>
      {tunnel === '' ? undefined : (
        <span className="tunnel" title="Its packets were in this tunnel here">
          tunnel {tunnel}
        </span>
      )}
      {failed[span] === 1 ? <span className="bad row-error">✕ {failureText(model, span)}</span> : undefined}
      <span className="only-read">{`took ${durationText(columns.durationNs[span]!)}`}</span>
    </>
  );
}

function Caret({
  below,
  isOpen,
  onToggle,
}: {
  readonly below: number;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}): React.ReactNode {
  if (below === 0) return <span className="caret" />;
  return (
    <button
      type="button"
      className="caret"
      tabIndex={-1}
      aria-label={isOpen ? `Close ${below} below` : `Open ${below} below`}
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      {isOpen ? '▾' : '▸'}
    </button>
  );
}

/** Where the place in the tree is not certain. */
function EdgeBadge({ model, span }: { readonly model: TraceModel; readonly span: number }): React.ReactNode {
  const { columns, tree } = model;
  const confidence = columns.confidence[span]!;
  if (tree.parent[span] === -1)
    return columns.likelyParents[span] === 0 ? undefined : (
      <span className="edge-badge" title="Likely part of another trace: see the pane of this span">
        likely parent
      </span>
    );
  if (confidence === 0 || confidence >= 0.95) return undefined;
  return (
    <span className="edge-badge" title="Probability that its parent is right">
      {shareText(confidence)}
    </span>
  );
}

/** The code where there is one, else the status. */
export function failureText({ columns }: TraceModel, span: number): string {
  const code = columns.code[span]!;
  const status = columns.texts[columns.status[span]!]!.replaceAll('_', ' ');
  return code === 0 ? status : String(code);
}
