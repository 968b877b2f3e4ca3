import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { type AnswerOf, defineRoute, route } from '../../http/define-route.ts';
import { integerParameter, textParameter } from '../../http/parameter-types.ts';
import { listFieldValues } from '../../store/field-values.ts';

/** Values of a field, for completion. */
export const fieldValues = defineRoute({
  name: 'fieldValues',
  path: '/api/field-values',
  summary: 'Values of a field that begin with a text, for completion.',
  query: z.strictObject({
    field: textParameter('As in `where`: status, client.pod, label(app).'),
    prefix: textParameter('How they begin, in any case.').exactOptional(),
    limit: integerParameter({ minimum: 1, maximum: 100 }, 'Length of the list.').prefault('20'),
  }),
  answer: z.object({ values: z.array(z.string()) }),
});
export type FieldValuesAnswer = AnswerOf<typeof fieldValues>;

export const fieldValuesRoute = route(fieldValues, async ({ query }, { reader }) => {
  const { field, prefix = '', limit } = query;
  return json({ values: await listFieldValues(reader, field, { prefix, limit }) });
});
