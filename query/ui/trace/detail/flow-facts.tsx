import { useQuery } from '@tanstack/react-query';
import { getJson } from '../../api/get-json.ts';
import { durationText } from '../../text/duration.ts';
import type { TraceFlowJson } from '../../../api/trace-flow-json.ts';
import type { SpanJson } from '../model/span-json.ts';

/** What is said of each side. */
type SideFact = keyof TraceFlowJson extends infer Name ? (Name extends `client_${infer Fact}` ? Fact : never) : never;

const none: readonly TraceFlowJson[] = [];

/** Flows of the trace that is stored by this id. */
function useFlows(storedTraceId: string): readonly TraceFlowJson[] {
  const { data } = useQuery({
    queryKey: ['flows', storedTraceId],
    queryFn: ({ signal }) =>
      getJson<{ readonly flows: readonly TraceFlowJson[] }>(`/api/traces/${storedTraceId}/flows`, signal),
    enabled: storedTraceId !== '',
    staleTime: Infinity,
  });
  return data?.flows ?? none;
}

/** What became of the packets of a span's connection, as seen where the span was. Nothing for spans of sockets. */
export function FlowFacts({
  span,
  storedTraceId,
}: {
  readonly span: SpanJson;
  readonly storedTraceId: string;
}): React.ReactNode {
  const flows = useFlows(span.flow_id === 0 ? '' : storedTraceId);
  const flow = flows.find((each) => each.flow_id === span.flow_id && each.agent_id === span.agent_id);
  if (flow === undefined) return undefined;
  return (
    <section>
      <h3>Packets of its connection, seen here</h3>
      <table className="tags">
        <thead>
          <tr>
            <td />
            <th scope="col">Client</th>
            <th scope="col">Server</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ title, text, isBad }) => {
            const values = (['client', 'server'] as const).map((side) => text((name) => flow[`${side}_${name}`]));
            if (values.every((value) => value === '')) return undefined;
            return (
              <tr key={title} className={isBad === true ? 'bad' : ''}>
                <th scope="row">{title}</th>
                <td>{values[0]}</td>
                <td>{values[1]}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="muted small">
        {flow.transport},{' '}
        {flow.close_type === 'open' ? 'still open' : `closed: ${flow.close_type.replaceAll('_', ' ')}`}. Of the
        intervals of 10 s that the trace is in; other calls on the connection count, too.
      </p>
    </section>
  );
}

interface FlowRow {
  readonly title: string;
  readonly text: (number: (name: SideFact) => number) => string;
  readonly isBad?: true;
}

const counted =
  (name: SideFact) =>
  (number: (name: SideFact) => number): string =>
    number(name) === 0 ? '' : number(name).toLocaleString('en');

const rows: readonly FlowRow[] = [
  { title: 'packets sent', text: counted('packets') },
  { title: 'handshake', text: (number) => (number('handshake_ns') < 0 ? '' : durationText(number('handshake_ns'))) },
  {
    title: 'round trip, mean',
    text: (number) =>
      number('acknowledgment_count') === 0
        ? ''
        : durationText(number('acknowledgment_sum_ns') / number('acknowledgment_count')),
  },
  {
    title: 'round trip, longest',
    text: (number) => (number('acknowledgment_count') === 0 ? '' : durationText(number('acknowledgment_max_ns'))),
  },
  { title: 'retransmissions', text: counted('retransmissions'), isBad: true },
  { title: 'SYNs sent again', text: counted('syn_retransmissions'), isBad: true },
  { title: 'zero windows', text: counted('zero_windows'), isBad: true },
  { title: 'resets', text: counted('resets'), isBad: true },
];
