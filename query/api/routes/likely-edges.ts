import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { defineRoute, route } from '../../http/define-route.ts';
import { likelyEdgeJson, likelyEdgeToJson } from '../likely-edge-json.ts';
import { storedIdParameters } from '../stored-id-parameters.ts';

/** Likely edges between a trace and others. */
export const likelyEdges = defineRoute({
  name: 'likelyEdges',
  path: '/api/traces/:id/likely-edges',
  summary:
    'Edges between a trace and others that are only likely, in both directions, the likeliest first, 200 at most.',
  pathParameters: storedIdParameters,
  answer: z.object({ likely_edges: z.array(likelyEdgeJson) }),
});

export const likelyEdgesRoute = route(likelyEdges, async ({ path }, { store, signal }) => {
  const edges = await store.likelyEdges(path.id.toLowerCase(), signal);
  return json({ likely_edges: edges.map(likelyEdgeToJson) });
});
