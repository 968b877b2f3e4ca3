import { z } from 'zod';
import { type AnswerOf, defineRoute, route } from '../../http/define-route.ts';
import { json } from '../../http/answer.ts';
import { choiceParameter, integerParameter } from '../../http/parameter-types.ts';
import { maxListedTraces } from '../../store/trace-store.ts';
import { cursorParameter, cursorText } from '../cursor-parameter.ts';
import { filterOf, filterParameters } from '../filter-parameters.ts';
import { summaryToJson, traceSummaryJson } from '../summary-json.ts';

/** Traces that match, without their spans. */
export const listTraces = defineRoute({
  name: 'listTraces',
  path: '/api/traces',
  summary: 'Traces that match, without their spans.',
  query: z.strictObject({
    ...filterParameters,
    sort: choiceParameter(['newest', 'slowest'], 'What comes first.').prefault('newest'),
    limit: integerParameter({ minimum: 1, maximum: maxListedTraces }, 'Length of the list.').prefault('20'),
    cursor: cursorParameter,
  }),
  answer: z.object({
    traces: z.array(traceSummaryJson),
    next_cursor: z.string().meta({ description: 'Gives the traces after these; empty after the last.' }),
  }),
});

/** A trace in a list, as JSON. */
export type TraceSummaryJson = AnswerOf<typeof listTraces>['traces'][number];

export const listTracesRoute = route(listTraces, async ({ query }, { store, signal }) => {
  const { sort, limit, cursor } = query;
  const filter = { ...filterOf(query), sort, limit, ...(cursor === undefined ? {} : { after: cursor }) };
  const { traces, next } = await store.listTraces(filter, signal);
  return json({ traces: traces.map(summaryToJson), next_cursor: cursorText(next) });
});
