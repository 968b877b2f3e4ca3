import { apiRoutes } from './api/routes.ts';
import type { Route } from './http/define-route.ts';
import { tempoRoutes } from './tempo/routes.ts';
import { jaegerV1Routes } from './jaeger/v1-routes.ts';
import { jaegerV3Routes } from './jaeger/v3-routes.ts';

/** Everything that is answered at a path of its own. */
export const routes: readonly Route[] = [...apiRoutes, ...jaegerV1Routes, ...jaegerV3Routes, ...tempoRoutes];
