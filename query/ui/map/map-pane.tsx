import { Link } from 'wouter';
import type { TopologyAnswer } from '../../api/routes/topology.ts';
import { useKeys } from '../shell/keys.ts';
import { withParameters } from '../shell/use-parameters.ts';
import { countText, partText, rateText } from '../text/count.ts';
import { durationText } from '../text/duration.ts';
import { type TimeRange, writeRange } from '../time/time-range.ts';
import { CallCharts } from './call-charts.tsx';
import { FlowCharts } from './flow-charts.tsx';
import { edgeCondition, nodeCondition } from './map-conditions.ts';
import { edgeKey, type MapEdge, type MapNode } from './map-model.ts';
import type { MapUrl } from './use-map-url.ts';

interface MapPaneProps {
  readonly topology: TopologyAnswer;
  readonly url: MapUrl;
  readonly seconds: number;
  readonly onSelect: (id: string) => void;
}

/** What is selected: figures, over time, and the way to its calls. */
export function MapPane({ topology, url, seconds, onSelect }: MapPaneProps): React.ReactNode {
  const { selected, range, level } = url;
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  const node = nodes.get(selected);
  const edge = topology.edges.find((each) => edgeKey(each) === selected);
  useKeys('Map', [{ keys: 'Escape', label: 'Close the pane', run: () => onSelect('') }]);
  const nameOf = (id: string): string => nodes.get(id)?.name ?? id;
  return (
    <aside className="side-pane" aria-label="Selected">
      <button
        type="button"
        className="quiet side-pane-close"
        aria-label="Close"
        title="Close (Esc)"
        onClick={() => onSelect('')}
      >
        ✕
      </button>
      {node !== undefined ? (
        <NodeDetails
          node={node}
          topology={topology}
          nameOf={nameOf}
          seconds={seconds}
          range={range}
          url={url}
          onSelect={onSelect}
        />
      ) : edge !== undefined ? (
        <EdgeDetails
          edge={edge}
          condition={edgeCondition(edge, nodes, level)}
          nameOf={nameOf}
          seconds={seconds}
          url={url}
          onSelect={onSelect}
        />
      ) : (
        <p className="muted">What is selected made and served no calls in this time.</p>
      )}
    </aside>
  );
}

interface NodeDetailsProps extends Omit<MapPaneProps, 'url'> {
  readonly node: MapNode;
  readonly nameOf: (id: string) => string;
  readonly range: TimeRange;
  readonly url: MapUrl;
}

function NodeDetails({ node, topology, nameOf, seconds, range, url, onSelect }: NodeDetailsProps): React.ReactNode {
  const served = nodeCondition('server', node, url.level);
  const busiest = (edges: readonly MapEdge[]): readonly MapEdge[] =>
    edges.toSorted((left, right) => right.calls - left.calls).slice(0, 30);
  const callers = busiest(topology.edges.filter(({ server }) => server === node.id));
  const called = busiest(topology.edges.filter(({ client }) => client === node.id));
  return (
    <>
      <h2>{node.name === '' ? 'unknown' : node.name}</h2>
      <p className="muted">
        {node.kind}
        {node.is_outside ? ', outside of what is observed' : ''}
        {node.group === '' ? '' : `, in ${node.group}`}
      </p>
      <FigureList figures={node} seconds={seconds} />
      <p className="side-pane-links">
        <Link href={callsPath(served, range)}>Calls it served</Link>
        <Link href={callsPath(nodeCondition('client', node, url.level), range)}>Calls it made</Link>
      </p>
      <CallCharts where={served} range={range} />
      <EdgeList
        title="Called by"
        edges={callers}
        nameOf={({ client }) => nameOf(client)}
        seconds={seconds}
        onSelect={onSelect}
      />
      <EdgeList
        title="Calls"
        edges={called}
        nameOf={({ server }) => nameOf(server)}
        seconds={seconds}
        onSelect={onSelect}
      />
    </>
  );
}

interface EdgeDetailsProps extends Pick<MapPaneProps, 'url' | 'seconds' | 'onSelect'> {
  readonly edge: MapEdge;
  readonly condition: string;
  readonly nameOf: (id: string) => string;
}

function EdgeDetails({ edge, condition, nameOf, seconds, url, onSelect }: EdgeDetailsProps): React.ReactNode {
  const { range, level } = url;
  return (
    <>
      <h2>
        <button type="button" className="link" onClick={() => onSelect(edge.client)}>
          {nameOf(edge.client)}
        </button>{' '}
        →{' '}
        <button type="button" className="link" onClick={() => onSelect(edge.server)}>
          {nameOf(edge.server)}
        </button>
      </h2>
      <p className="muted">{edge.protocols.join(', ')}</p>
      <FigureList figures={edge} seconds={seconds} />
      <p className="side-pane-links">
        <Link href={callsPath(condition, range)}>Calls</Link>
        <Link href={withParameters('/', { where: condition, ...writeRange(range) })}>Traces</Link>
      </p>
      <CallCharts where={condition} range={range} />
      {level === 'service' ? (
        <FlowCharts client={nameOf(edge.client)} server={nameOf(edge.server)} range={range} />
      ) : undefined}
    </>
  );
}

const callsPath = (where: string, range: TimeRange): string =>
  withParameters('/calls', { where, ...writeRange(range) });

interface FigureListProps {
  readonly figures: Pick<MapNode, 'calls' | 'errors' | 'p50_ns' | 'p99_ns'> & Partial<MapEdge>;
  readonly seconds: number;
}

function FigureList({ figures, seconds }: FigureListProps): React.ReactNode {
  const { calls, errors, p50_ns, p99_ns, packets = 0, retransmissions = 0, resets = 0 } = figures;
  const { round_trip_count: count = 0, round_trip_mean_ns: roundTripNs = 0 } = figures;
  const isEdge = figures.packets !== undefined;
  const rows: readonly (readonly [string, string, boolean?])[] = [
    ['Calls', `${countText(calls)}, ${rateText(calls / seconds)}`],
    ['Errors', errors === 0 ? '0' : `✕ ${countText(errors)}, ${partText(errors, calls)}`, errors > 0],
    ['p50, p99', calls === 0 ? '–' : `${durationText(p50_ns)}, ${durationText(p99_ns)}`],
    ...(isEdge
      ? ([
          [
            'Packets sent again',
            packets === 0 ? 'no packets seen' : `${countText(retransmissions)}, ${partText(retransmissions, packets)}`,
          ],
          ['Round trip', count === 0 ? 'not seen' : `${durationText(roundTripNs)} on average`],
          ['Resets', packets === 0 ? 'no packets seen' : countText(resets)],
        ] as const)
      : []),
  ];
  return (
    <dl className="map-figures">
      {rows.map(([title, text, isBad]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd className={isBad === true ? 'bad' : undefined}>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

interface EdgeListProps {
  readonly title: string;
  readonly edges: readonly MapEdge[];
  readonly nameOf: (edge: MapEdge) => string;
  readonly seconds: number;
  readonly onSelect: (key: string) => void;
}

function EdgeList({ title, edges, nameOf, seconds, onSelect }: EdgeListProps): React.ReactNode {
  if (edges.length === 0) return undefined;
  return (
    <>
      <h3>{title}</h3>
      <ul className="map-edges">
        {edges.map((edge) => (
          <li key={edgeKey(edge)}>
            <button type="button" className="link" onClick={() => onSelect(edgeKey(edge))}>
              {nameOf(edge)}
            </button>
            <span className="number muted">
              {edge.errors > 0 ? <span className="bad">✕ {partText(edge.errors, edge.calls)} </span> : undefined}
              {rateText(edge.calls / seconds)}, {durationText(edge.p99_ns)}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
