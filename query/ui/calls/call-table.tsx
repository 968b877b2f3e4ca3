import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { useKeys } from '../shell/keys.ts';
import { bytesText } from '../text/count.ts';
import { durationText } from '../text/duration.ts';
import { exactMoment, momentText } from '../text/moment.ts';
import { type Call, callKey } from './call-list.ts';
import { isFailed, partyText } from './call-texts.ts';

const rowHeight = 26;

interface CallTableProps {
  readonly calls: readonly Call[];
  readonly selected: string;
  readonly onSelect: (key: string) => void;
}

const columns = ['Time', 'Client', 'Server', 'Protocol', 'Method', 'Endpoint', 'Status', 'Duration', 'Bytes'] as const;

/** One row a call; only those in sight exist. */
export function CallTable({ calls, selected, onSelect }: CallTableProps): React.ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  // It matters where React's compiler is used, which is not so here.
  // eslint-disable-next-line react-hooks/incompatible-library
  const rows = useVirtualizer({
    count: calls.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (at) => callKey(calls[at]!),
    overscan: 12,
  });
  const at = calls.findIndex((call) => callKey(call) === selected);
  const go = (to: number): void => {
    const call = calls[Math.min(Math.max(0, to), calls.length - 1)];
    if (call === undefined) return;
    onSelect(callKey(call));
    rows.scrollToIndex(to);
  };
  useKeys('Calls', [
    { keys: 'j', label: 'Next, previous call', run: () => go(at + 1) },
    { keys: 'k', label: 'Next, previous call', run: () => go(at - 1) },
    { keys: 'ArrowDown', label: 'Next, previous call', run: () => go(at + 1) },
    { keys: 'ArrowUp', label: 'Next, previous call', run: () => go(at - 1) },
  ]);
  return (
    <div
      ref={scroller}
      className="call-table"
      role="grid"
      tabIndex={0}
      aria-label="Calls, newest first"
      aria-rowcount={calls.length + 1}
      aria-activedescendant={at === -1 ? undefined : `call-${at}`}
    >
      <div role="row" className="call-row call-columns">
        {columns.map((column) => (
          <span key={column} role="columnheader" className={isNumber(column) ? 'number' : undefined}>
            {column}
          </span>
        ))}
      </div>
      <div role="rowgroup" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ key, index, start }) => (
          <CallRow
            key={key}
            call={calls[index]!}
            index={index}
            top={start}
            isSelected={index === at}
            onSelect={() => onSelect(index === at ? '' : callKey(calls[index]!))}
          />
        ))}
      </div>
    </div>
  );
}

const isNumber = (column: string): boolean => column === 'Duration' || column === 'Bytes';

interface CallRowProps {
  readonly call: Call;
  readonly index: number;
  readonly top: number;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function CallRow({ call, index, top, isSelected, onSelect }: CallRowProps): React.ReactNode {
  const startNs = BigInt(call.start_time_ns);
  const failed = isFailed(call);
  const cells = [
    partyText(call, 'client'),
    partyText(call, 'server'),
    call.protocol,
    call.request_type,
    call.endpoint === '' ? call.request_resource : call.endpoint,
  ];
  return (
    <div
      id={`call-${index}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      className="call-row"
      style={{ transform: `translateY(${top}px)` }}
      onClick={onSelect}
    >
      <span role="gridcell" title={exactMoment(startNs)}>
        {momentText(startNs).split(' ').at(-1)}
      </span>
      {cells.map((text, at) => (
        <span key={columns[at + 1]} role="gridcell" title={text}>
          {text}
        </span>
      ))}
      <span role="gridcell" className={failed ? 'bad' : undefined}>
        {failed ? '✕ ' : ''}
        {call.response_code === 0 ? call.status.replaceAll('_', ' ') : call.response_code}
      </span>
      <span role="gridcell" className="number">
        {durationText(call.duration_ns)}
      </span>
      <span role="gridcell" className="number">
        {bytesText(call.request_bytes + call.response_bytes)}
      </span>
    </div>
  );
}
