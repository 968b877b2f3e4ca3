import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { defineRoute, route } from '../../http/define-route.ts';
import { booleanParameter, integerParameter } from '../../http/parameter-types.ts';
import { listSpans as readSpans } from '../../store/read-spans.ts';
import { cursorParameter, cursorText } from '../cursor-parameter.ts';
import { filterOf, filterParameters } from '../filter-parameters.ts';
import { spanSummaryJson } from '../span-summary-json.ts';

/** No list of spans is longer. */
export const maxListedSpans = 1000;

export const callsParameter = booleanParameter('One span a call: the one from which the call counts in statistics.');

/** Spans that match, newest first. */
export const listSpans = defineRoute({
  name: 'listSpans',
  path: '/api/spans',
  summary: 'Spans that match, newest first. Where few match, the list ends early and goes on with `next_cursor`.',
  query: z.strictObject({
    ...filterParameters,
    calls: callsParameter.prefault('true'),
    limit: integerParameter({ minimum: 1, maximum: maxListedSpans }, 'Length of the list.').prefault('100'),
    cursor: cursorParameter,
  }),
  answer: z.object({
    spans: z.array(spanSummaryJson),
    next_cursor: z.string().meta({ description: 'Gives the spans after these; empty after the last.' }),
  }),
});

export const listSpansRoute = route(listSpans, async ({ query }, { reader }) => {
  const { calls, limit, cursor } = query;
  const after = cursor === undefined ? {} : { after: cursor };
  const filter = { ...filterOf(query), onlyCalls: calls, limit, ...after };
  const { spans, next } = await readSpans(reader, filter, BigInt(Date.now()) * 1_000_000n);
  return json({ spans, next_cursor: cursorText(next) });
});
