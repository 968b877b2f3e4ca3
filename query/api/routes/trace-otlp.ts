import { z } from 'zod';
import { defineRoute } from '../../http/define-route.ts';
import { getTrace } from './get-trace.ts';

/** A trace as OTLP, to be saved. */
export const traceOtlp = defineRoute({
  name: 'traceOtlp',
  path: '/api/traces/:id/otlp',
  summary: 'A trace as OTLP JSON, as a file to save.',
  pathParameters: getTrace.pathParameters,
  answer: z.object({ resourceSpans: z.array(z.looseObject({})) }),
});
