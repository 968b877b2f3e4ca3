import { useCallback, useMemo } from 'react';
import type { TopologyAnswer } from '../../api/routes/topology.ts';
import { ErrorNotice, Notice } from '../shell/notice.tsx';
import type { ChangeParameters } from '../shell/use-parameters.ts';
import { useTitle } from '../shell/use-title.ts';
import { LossBanner } from '../state/loss-banner.tsx';
import { counted } from '../text/count.ts';
import { NewestTime } from '../time/newest-time.tsx';
import { rangeSeconds, rangeText, type TimeRange, writeRange } from '../time/time-range.ts';
import { MapBar } from './map-bar.tsx';
import { shownMap, type ShownMap } from './map-model.ts';
import { MapPane } from './map-pane.tsx';
import { MapPicture } from './map-picture.tsx';
import { MapTable } from './map-table.tsx';
import { canShowMore, type MapUrl, useMapUrl } from './use-map-url.ts';
import { useTopology } from './use-topology.ts';
import '../shell/page-parts.css';
import './map.css';

/** Who calls whom, how often, how fast, and with what errors. */
export function MapPage(): React.ReactNode {
  useTitle('Map');
  const [url, change] = useMapUrl();
  const onRange = useCallback((range: TimeRange) => change({ ...writeRange(range) }), [change]);
  const { data, error, refetch } = useTopology(url.range, url.level, url.group);
  return (
    <div className="map-page">
      <LossBanner range={url.range} />
      <MapBar url={url} onChange={change} />
      {error !== null ? (
        <ErrorNotice error={error} title="The map could not be read" retry={() => void refetch()} />
      ) : data === undefined ? (
        <Notice kind="loading">Reading who called whom …</Notice>
      ) : data.nodes.length === 0 ? (
        <Notice kind="empty" title="No calls in this time">
          Nothing was stored for {rangeText(url.range)}. Calls appear some seconds after they were made, as soon as
          their minute is added up.
          <NewestTime isChosen={url.isRangeChosen} onChange={onRange} />
        </Notice>
      ) : (
        <MapContent topology={data} url={url} onChange={change} />
      )}
    </div>
  );
}

interface MapContentProps {
  readonly topology: TopologyAnswer;
  readonly url: MapUrl;
  readonly onChange: ChangeParameters;
}

function MapContent({ topology, url, onChange }: MapContentProps): React.ReactNode {
  const { text, limit, selected, view, group, range } = url;
  const map = useMemo(() => shownMap(topology, text, { nodes: limit, edges: limit * 4 }), [topology, text, limit]);
  const seconds = rangeSeconds(range);
  const onSelect = (id: string): void => onChange({ selected: id });
  return (
    <div className="map-body">
      <div className="map-main">
        {map.nodes.length === 0 ? (
          <Notice kind="empty" title={`No name has “${text}” in it`}>
            Names are searched at the level that is chosen above.
          </Notice>
        ) : view === 'table' ? (
          <MapTable topology={topology} text={text} seconds={seconds} selected={selected} onSelect={onSelect} />
        ) : (
          <MapPicture
            map={map}
            isGrouped={group !== 'none'}
            seconds={seconds}
            selected={selected}
            onSelect={onSelect}
          />
        )}
        {view === 'picture' ? (
          <MapFoot map={map} isTruncated={topology.is_truncated} limit={limit} onChange={onChange} />
        ) : undefined}
      </div>
      {selected === '' ? undefined : (
        <MapPane key={selected} topology={topology} url={url} seconds={seconds} onSelect={onSelect} />
      )}
    </div>
  );
}

interface MapFootProps {
  readonly map: ShownMap;
  readonly isTruncated: boolean;
  readonly limit: number;
  readonly onChange: ChangeParameters;
}

/** What the signs mean, and what is not in the picture. */
function MapFoot({ map, isTruncated, limit, onChange }: MapFootProps): React.ReactNode {
  const { nodes, hiddenNodes, hiddenEdges } = map;
  return (
    <div className="page-foot">
      <span>
        Node: calls served, p99, <span className="bad">✕ errors</span>. Edge: calls · p99; dashed with errors;{' '}
        <span title="Share of packets that were sent again">↻ sent again</span>,{' '}
        <span title="Connections that were reset">⊘ resets</span>,{' '}
        <span title="Mean time from data to its acknowledgment">⇄ round trip</span>.
      </span>
      {hiddenNodes + hiddenEdges === 0 ? undefined : (
        <span role="status">
          The {nodes.length} busiest of {counted(nodes.length + hiddenNodes, 'node')}
          {isTruncated ? ' or more' : ''} are drawn
          {hiddenEdges > 0 ? `, without ${counted(hiddenEdges, 'quiet edge')}` : ''}.{' '}
          {canShowMore(limit) ? (
            <button type="button" className="link" onClick={() => onChange({ limit: String(limit * 2) })}>
              Show more
            </button>
          ) : (
            'Filter by name to see others.'
          )}
        </span>
      )}
    </div>
  );
}
