import { useMemo } from 'react';
import { Notice } from '../shell/notice.tsx';
import { LossBanner } from '../state/loss-banner.tsx';
import type { TimeRange } from '../time/time-range.ts';
import { SpanPane } from './detail/span-pane.tsx';
import type { TraceModel } from './model/trace-model.ts';
import { deepestLevel } from './use-trace-keys.ts';
import { type TraceState, useTraceState } from './use-trace-state.ts';
import { Minimap } from './view/minimap.tsx';
import { PathSummary } from './view/path-summary.tsx';
import { ServiceTable } from './view/service-table.tsx';
import { Toolbar } from './view/toolbar.tsx';
import { TraceHeader } from './view/trace-header.tsx';
import { Waterfall } from './view/waterfall.tsx';

/** A trace that was read. */
export function TraceView({ model }: { readonly model: TraceModel }): React.ReactNode {
  const state = useTraceState(model);
  const { url, change, foldingState, found, hues, zoom, select, setZoom, setFocus } = state;
  const deepest = useMemo(() => deepestLevel(model), [model]);
  const range = useMemo(() => timeOf(model), [model]);
  const { focus } = foldingState.folding;
  return (
    <div className="trace">
      <TraceHeader model={model} />
      <LossBanner range={range} />
      <PathSummary model={model} hues={hues} onSelect={select} />
      <Minimap model={model} hues={hues} zoom={zoom} onZoom={setZoom} />
      <Toolbar
        url={url}
        change={change}
        found={found}
        deepest={deepest}
        onDepth={foldingState.setDepth}
        focus={focus === undefined ? undefined : model.columns.texts[model.columns.server[focus]!]}
        onFocusAll={() => setFocus(undefined)}
      />
      <div className="trace-body">
        <Calls model={model} state={state} />
        <SidePane model={model} state={state} />
      </div>
    </div>
  );
}

/** The time from its first span to the end of its last. */
function timeOf({ beginNs, durationNs }: TraceModel): TimeRange {
  return { kind: 'between', fromNs: beginNs, toNs: beginNs + BigInt(Math.ceil(durationNs)) + 1n };
}

function Calls({ model, state }: { readonly model: TraceModel; readonly state: TraceState }): React.ReactNode {
  const { change, foldingState, found, rows } = state;
  if (rows.span.length === 0)
    return (
      <Notice kind="empty" title="Nothing matches">
        <p>No call of this trace matches the filter.</p>
        <button type="button" onClick={() => change({ q: '', min: '', errors: '', path: '', service: '' })}>
          Clear the filter
        </button>
      </Notice>
    );
  return (
    <Waterfall
      model={model}
      rows={rows}
      folding={foldingState.folding}
      filter={found}
      hues={state.hues}
      zoom={state.zoom}
      selected={state.selected}
      onSelect={state.select}
      onToggle={foldingState.toggle}
      onUnfold={foldingState.unfold}
      onZoom={state.setZoom}
    />
  );
}

/** The selected span, or else the services. */
function SidePane({ model, state }: { readonly model: TraceModel; readonly state: TraceState }): React.ReactNode {
  const { url, change, hues, position, select, setFocus } = state;
  if (position === -1)
    return (
      <ServiceTable
        model={model}
        hues={hues}
        service={url.filter.service}
        onService={(service) => change({ service })}
      />
    );
  return (
    <SpanPane
      model={model}
      position={position}
      onSelect={select}
      onFocus={setFocus}
      onClose={() => select(undefined)}
    />
  );
}
