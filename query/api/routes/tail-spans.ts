import { z } from 'zod';
import { defineRoute } from '../../http/define-route.ts';
import { durationParameters, spanParameters } from '../filter-parameters.ts';
import { spanSummaryJson } from '../span-summary-json.ts';
import { callsParameter } from './list-spans.ts';

/** Spans that match, as they are stored. */
export const tailSpans = defineRoute({
  name: 'tailSpans',
  path: '/api/spans/tail',
  summary:
    'Spans that match, as they are stored, as server-sent events: `spans` with a list, `skipped` with a count of those that were too many to send.',
  query: z.strictObject({ ...spanParameters, ...durationParameters, calls: callsParameter.prefault('true') }),
  answer: z.union([z.array(spanSummaryJson), z.object({ count: z.int() })]),
  mediaType: 'text/event-stream',
});
