import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { Link } from 'wouter';
import { durationText } from '../text/duration.ts';
import { type AlignedCall, type CallTimes, differenceNs } from './align-traces.ts';

const rowHeight = 26;
const maxIndent = 20;

interface CompareTableProps {
  readonly calls: readonly AlignedCall[];
  /** In the order of a tree, with levels. */
  readonly isTree: boolean;
  readonly leftId: string;
  readonly rightId: string;
}

const columns = ['Call', 'A', 'B', 'Difference', 'Self A', 'Self B', 'Difference of self'] as const;

/** One row for a call of either trace; only those in sight exist. */
export function CompareTable({ calls, isTree, leftId, rightId }: CompareTableProps): React.ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  // It matters where React's compiler is used, which is not so here.
  // eslint-disable-next-line react-hooks/incompatible-library
  const rows = useVirtualizer({
    count: calls.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  return (
    <div
      ref={scroller}
      className="compare-table"
      role="table"
      tabIndex={0}
      aria-label="Calls of both traces"
      aria-rowcount={calls.length + 1}
    >
      <div role="row" className="compare-row compare-columns">
        {columns.map((column, at) => (
          <span key={column} role="columnheader" className={at === 0 ? undefined : 'number'}>
            {column}
          </span>
        ))}
      </div>
      <div role="rowgroup" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start }) => (
          <CompareRow
            key={index}
            call={calls[index]!}
            index={index}
            top={start}
            indent={isTree ? Math.min(calls[index]!.level, maxIndent) : 0}
            leftId={leftId}
            rightId={rightId}
          />
        ))}
      </div>
    </div>
  );
}

interface CompareRowProps extends Pick<CompareTableProps, 'leftId' | 'rightId'> {
  readonly call: AlignedCall;
  readonly index: number;
  readonly top: number;
  readonly indent: number;
}

function CompareRow({ call, index, top, indent, leftId, rightId }: CompareRowProps): React.ReactNode {
  const { server, operation, left, right } = call;
  const only = left === undefined ? 'only in B' : right === undefined ? 'only in A' : undefined;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={only === undefined ? 'compare-row' : 'compare-row compare-only'}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span role="cell" style={{ paddingLeft: `${indent * 1.1}rem` }} title={`${server} ${operation}`}>
        <b>{server}</b> {operation} {only === undefined ? undefined : <em>{only}</em>}
      </span>
      <Duration times={left} traceId={leftId} />
      <Duration times={right} traceId={rightId} />
      <Difference ns={differenceNs(call, 'durationNs')} of={left?.durationNs} />
      <span role="cell" className="number">
        {left === undefined ? '–' : durationText(left.ownNs)}
      </span>
      <span role="cell" className="number">
        {right === undefined ? '–' : durationText(right.ownNs)}
      </span>
      <Difference ns={differenceNs(call, 'ownNs')} of={left?.ownNs} />
    </div>
  );
}

function Duration({
  times,
  traceId,
}: {
  readonly times: CallTimes | undefined;
  readonly traceId: string;
}): React.ReactNode {
  return (
    <span role="cell" className="number">
      {times === undefined ? (
        '–'
      ) : (
        <Link href={`/trace/${traceId}?span=${times.spanId}`} className={times.isFailed ? 'bad' : undefined}>
          {times.isFailed ? '✕ ' : ''}
          {durationText(times.durationNs)}
        </Link>
      )}
    </span>
  );
}

/** A difference of less than this share, or this time, is one of any two traces. */
const notable = { share: 0.1, ns: 100_000 } as const;

function Difference({
  ns,
  of = 0,
}: {
  readonly ns: number | undefined;
  readonly of: number | undefined;
}): React.ReactNode {
  if (ns === undefined)
    return (
      <span role="cell" className="number">
        –
      </span>
    );
  const isNotable = Math.abs(ns) >= Math.max(notable.ns, of * notable.share);
  return (
    <span role="cell" className={isNotable ? 'number' : 'number muted'}>
      {isNotable ? <b>{signedText(ns)}</b> : signedText(ns)}
    </span>
  );
}

const signedText = (ns: number): string => (ns > 0 ? `+${durationText(ns)}` : durationText(ns));

/** In a sentence: `12 ms longer`. */
export function differenceText(ns: number): string {
  if (ns === 0) return 'as long as A';
  return ns > 0 ? `${durationText(ns)} more than A` : `${durationText(-ns)} less than A`;
}
