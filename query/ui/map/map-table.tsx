import { useMemo } from 'react';
import type { TopologyAnswer } from '../../api/routes/topology.ts';
import { counted, partText, rateText } from '../text/count.ts';
import { durationText } from '../text/duration.ts';
import { edgeKey, type MapEdge, type MapNode, shownMap } from './map-model.ts';

const bounds = { nodes: 500, edges: 500 } as const;

interface MapTableProps {
  readonly topology: TopologyAnswer;
  readonly text: string;
  readonly seconds: number;
  readonly selected: string;
  readonly onSelect: (id: string) => void;
}

/** The same as the picture, as tables. */
export function MapTable({ topology, text, seconds, selected, onSelect }: MapTableProps): React.ReactNode {
  const { nodes, edges, hiddenNodes, hiddenEdges } = useMemo(() => shownMap(topology, text, bounds), [topology, text]);
  const names = new Map(nodes.map(({ id, name }) => [id, name === '' ? 'unknown' : name]));
  const rows = { names, seconds, selected, onSelect };
  return (
    <div className="map-tables">
      <h2>Calls</h2>
      <EdgeTable {...rows} edges={edges} />
      {hiddenEdges > 0 ? <p className="muted">And {counted(hiddenEdges, 'edge')} with fewer calls.</p> : undefined}
      <h2>Nodes</h2>
      <NodeTable {...rows} nodes={nodes} />
      {hiddenNodes > 0 ? (
        <p className="muted">And {counted(hiddenNodes, 'node')} with fewer calls: filter by name to see them.</p>
      ) : undefined}
    </div>
  );
}

interface RowsProps extends Pick<MapTableProps, 'seconds' | 'selected' | 'onSelect'> {
  readonly names: ReadonlyMap<string, string>;
}

function EdgeTable({
  edges,
  names,
  seconds,
  selected,
  onSelect,
}: RowsProps & { readonly edges: readonly MapEdge[] }): React.ReactNode {
  return (
    <table className="rows-table">
      <thead>
        <tr>
          <th>Client</th>
          <th>Server</th>
          <th>Protocols</th>
          <th className="number">Calls</th>
          <th className="number">Errors</th>
          <th className="number">p50</th>
          <th className="number">p99</th>
          <th className="number">Sent again</th>
          <th className="number">Resets</th>
          <th className="number">Round trip</th>
        </tr>
      </thead>
      <tbody>
        {edges.map((edge) => (
          <tr key={edgeKey(edge)} aria-selected={selected === edgeKey(edge)}>
            <td className="cut">
              <button type="button" className="link" onClick={() => onSelect(edgeKey(edge))}>
                {names.get(edge.client)}
              </button>
            </td>
            <td className="cut">{names.get(edge.server)}</td>
            <td className="cut">{edge.protocols.join(', ')}</td>
            <Figures figures={edge} seconds={seconds} />
            <td className="number">{edge.packets === 0 ? '–' : partText(edge.retransmissions, edge.packets)}</td>
            <td className="number">{edge.packets === 0 ? '–' : edge.resets}</td>
            <td className="number">{edge.round_trip_count === 0 ? '–' : durationText(edge.round_trip_mean_ns)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NodeTable({
  nodes,
  names,
  seconds,
  selected,
  onSelect,
}: RowsProps & { readonly nodes: readonly MapNode[] }): React.ReactNode {
  return (
    <table className="rows-table">
      <thead>
        <tr>
          <th>Name</th>
          <th>Kind</th>
          <th>Group</th>
          <th className="number">Calls served</th>
          <th className="number">Errors</th>
          <th className="number">p50</th>
          <th className="number">p99</th>
        </tr>
      </thead>
      <tbody>
        {nodes.map((node) => (
          <tr key={node.id} aria-selected={selected === node.id}>
            <td className="cut">
              <button type="button" className="link" onClick={() => onSelect(node.id)}>
                {names.get(node.id)}
              </button>
            </td>
            <td>{node.is_outside ? `${node.kind}, outside` : node.kind}</td>
            <td className="cut">{node.group === '' ? '–' : node.group}</td>
            <Figures figures={node} seconds={seconds} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface FiguresProps {
  readonly figures: {
    readonly calls: number;
    readonly errors: number;
    readonly p50_ns: number;
    readonly p99_ns: number;
  };
  readonly seconds: number;
}

function Figures({ figures, seconds }: FiguresProps): React.ReactNode {
  const { calls, errors, p50_ns, p99_ns } = figures;
  return (
    <>
      <td className="number">{rateText(calls / seconds)}</td>
      <td className={errors > 0 ? 'number bad' : 'number'}>{errors > 0 ? `✕ ${partText(errors, calls)}` : '0'}</td>
      <td className="number">{calls === 0 ? '–' : durationText(p50_ns)}</td>
      <td className="number">{calls === 0 ? '–' : durationText(p99_ns)}</td>
    </>
  );
}
