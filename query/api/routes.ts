import type { Route, RouteDefinition } from '../http/define-route.ts';
import { differences } from './routes/differences.ts';
import { endpoints } from './routes/endpoints.ts';
import { fieldValues } from './routes/field-values.ts';
import { fieldsRoute } from './routes/fields.ts';
import { flowSeries } from './routes/flow-series.ts';
import { getTraceRoute } from './routes/get-trace.ts';
import { heatmap } from './routes/heatmap.ts';
import { likelyEdgesRoute } from './routes/likely-edges.ts';
import { listSpansRoute } from './routes/list-spans.ts';
import { listTracesRoute } from './routes/list-traces.ts';
import { series } from './routes/series.ts';
import { services } from './routes/services.ts';
import { tailSpansRoute } from './routes/tail-spans.ts';
import { stateRoute } from './routes/state.ts';
import { topology } from './routes/topology.ts';
import { traceFlowsRoute } from './routes/trace-flows.ts';
import { traceOtlpRoute } from './routes/trace-otlp.ts';

/** Routes of our own API that are answered. Each has a file of its own in routes/. */
export const apiRoutes: readonly Route[] = [
  listTracesRoute,
  getTraceRoute,
  likelyEdgesRoute,
  traceFlowsRoute,
  listSpansRoute,
  tailSpansRoute,
  fieldsRoute,
  stateRoute,
  traceOtlpRoute,
];

/** Routes that are defined and not answered yet. A route moves from here to the list above with its handler. */
export const definedRoutes: readonly RouteDefinition[] = [
  services,
  endpoints,
  fieldValues,
  topology,
  series,
  flowSeries,
  heatmap,
  differences,
];
