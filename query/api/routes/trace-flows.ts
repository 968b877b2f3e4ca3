import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { defineRoute, route } from '../../http/define-route.ts';
import { storedIdParameters } from '../stored-id-parameters.ts';
import { traceFlowJson, traceFlowToJson } from '../trace-flow-json.ts';

/** Flows that spans of packets of a trace lead to. */
export const traceFlows = defineRoute({
  name: 'traceFlows',
  path: '/api/traces/:id/flows',
  summary: 'What became of the packets of the flows of a trace, by their start, 2,000 at most.',
  pathParameters: storedIdParameters,
  answer: z.object({ flows: z.array(traceFlowJson) }),
});

export const traceFlowsRoute = route(traceFlows, async ({ path }, { store, signal }) => {
  const flows = await store.traceFlows(path.id.toLowerCase(), signal);
  return json({ flows: flows.map(traceFlowToJson) });
});
