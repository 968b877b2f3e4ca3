import type { Route } from '../http/define-route.ts';
import { differencesRoute } from './routes/differences.ts';
import { endpointsRoute } from './routes/endpoints.ts';
import { fieldValuesRoute } from './routes/field-values.ts';
import { fieldsRoute } from './routes/fields.ts';
import { flowSeriesRoute } from './routes/flow-series.ts';
import { getSpanRoute } from './routes/get-span.ts';
import { getTraceRoute } from './routes/get-trace.ts';
import { heatmapRoute } from './routes/heatmap.ts';
import { likelyEdgesRoute } from './routes/likely-edges.ts';
import { listSpansRoute } from './routes/list-spans.ts';
import { listTracesRoute } from './routes/list-traces.ts';
import { seriesRoute } from './routes/series.ts';
import { servicesRoute } from './routes/services.ts';
import { stateRoute } from './routes/state.ts';
import { tailSpansRoute } from './routes/tail-spans.ts';
import { topologyRoute } from './routes/topology.ts';
import { traceFlowsRoute } from './routes/trace-flows.ts';
import { traceOtlpRoute } from './routes/trace-otlp.ts';
import { traceOutlineRoute } from './routes/trace-outline.ts';

/** Routes of our own API. Each has a file of its own in routes/. */
export const apiRoutes: readonly Route[] = [
  listTracesRoute,
  getTraceRoute,
  traceOutlineRoute,
  getSpanRoute,
  likelyEdgesRoute,
  traceFlowsRoute,
  traceOtlpRoute,
  listSpansRoute,
  tailSpansRoute,
  servicesRoute,
  endpointsRoute,
  topologyRoute,
  seriesRoute,
  flowSeriesRoute,
  heatmapRoute,
  differencesRoute,
  fieldsRoute,
  fieldValuesRoute,
  stateRoute,
];
