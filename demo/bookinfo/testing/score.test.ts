import { describe, expect, it } from 'vitest';
import { expectedTree } from './expected-tree.ts';
import { scoreBookinfo, type TraceJson } from './score.ts';

const expected = expectedTree('tunnel', false);

/** The traces of requests, as they should be. */
function tracesOf(requests: number): TraceJson[] {
  return Array.from({ length: requests }, (_, index) => {
    const request = index + 1;
    const idOf = (observation: string): string => (observation === '' ? '' : `${request} ${observation}`);
    const spans = Array.from(expected, ([observation, parent]) => {
      const [call, place, point] = observation.split(' ') as [string, string, string];
      const [workload, part] = place.split('/') as [string, string];
      return {
        span_id: idOf(observation),
        parent_span_id: idOf(parent),
        observation_point: point,
        interface_name: '',
        process_name: part === 'sidecar' ? 'haproxy' : workload,
        request_resource: `/${call}/${request}`,
        duration_ns: 1,
        reason: 'tcp_sequence',
        client_names: { workload },
        server_names: { workload },
      };
    });
    return { trace_id: String(request), spans };
  });
}

describe('the score of Bookinfo', () => {
  it('takes traces that are as expected for complete', () => {
    expect(scoreBookinfo(tracesOf(3), { expected, requests: 3 })).toEqual({
      complete: 3,
      right: 3 * expected.size,
      wrong: [],
      missingEdges: [],
      missingSpans: [],
      unexpectedSpans: [],
    });
  });

  it('names an edge to another request, one that is missing, a span that is missing and one that is there twice', () => {
    const traces = tracesOf(4);
    const change = (request: number, observation: string, parentSpanId: string): void => {
      const { trace_id, spans } = traces[request - 1]!;
      const changed = spans.map((span) =>
        span.span_id === `${request} ${observation}` ? { ...span, parent_span_id: parentSpanId } : span,
      );
      traces[request - 1] = { trace_id, spans: changed };
    };
    change(1, 'details productpage/sidecar c-p', '2 details productpage/sidecar s-p');
    change(2, 'ratings reviews/sidecar c-p', '');
    const [, , third, fourth] = traces;
    traces[2] = { trace_id: '3', spans: third!.spans.slice(0, -1) };
    traces[3] = { trace_id: '4', spans: [...fourth!.spans, { ...fourth!.spans[0]!, span_id: 'again' }] };
    const score = scoreBookinfo(traces, { expected, requests: 5 });
    expect(score.complete).toBe(0);
    expect(score.wrong).toEqual([
      '1: details productpage/sidecar c-p under 2: details productpage/sidecar s-p (tcp_sequence)',
    ]);
    expect(score.missingEdges).toEqual(['2: ratings reviews/sidecar c-p']);
    expect(score.missingSpans).toHaveLength(1 + expected.size);
    expect(score.missingSpans[0]).toBe('3: ratings ratings/service s-p');
    expect(score.unexpectedSpans).toEqual(['4: productpage loadgenerator/service c-p']);
  });

  it('takes requests that are in one trace with another for incomplete', () => {
    const [first, second] = tracesOf(2);
    const both = [{ trace_id: '1', spans: [...first!.spans, ...second!.spans.slice(0, 1)] }];
    const rest = { trace_id: '2', spans: second!.spans.slice(1) };
    expect(scoreBookinfo([...both, rest], { expected, requests: 2 }).complete).toBe(0);
  });
});

describe('the tree of Bookinfo', () => {
  it('has 24 observations in processes and 14 on interfaces, below one root', () => {
    const whole = expectedTree('tunnel', true);
    expect(expected.size).toBe(24);
    expect(whole.size).toBe(38);
    expect([...whole.values()].filter((parent) => parent === '')).toHaveLength(1);
    expect(expectedTree('nat', true).size).toBe(38 + 3 * 2);
  });

  it('sends a call from the pod of its service over both nodes to the other pod', () => {
    const path: string[] = [];
    const tree = expectedTree('tunnel', true);
    for (let at = 'ratings ratings/service s-p'; at !== ''; at = tree.get(at)!) path.unshift(at);
    expect(path.slice(path.indexOf('ratings reviews/service c-p'))).toEqual([
      'ratings reviews/service c-p',
      'ratings reviews/sidecar s-p',
      'ratings reviews/sidecar c-p',
      'ratings reviews c',
      'ratings node-2 c-nd',
      'ratings node-1 s-nd',
      'ratings ratings s',
      'ratings ratings/sidecar s-p',
      'ratings ratings/sidecar c-p',
      'ratings ratings/service s-p',
    ]);
  });
});
