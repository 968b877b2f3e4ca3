import { apiRoutes } from './api/routes.ts';
import type { Route } from './http/define-route.ts';

/** Everything that is answered at a path of its own. */
export const routes: readonly Route[] = [...apiRoutes];
