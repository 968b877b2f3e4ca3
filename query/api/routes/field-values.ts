import { z } from 'zod';
import { type AnswerOf, defineRoute } from '../../http/define-route.ts';
import { integerParameter, textParameter } from '../../http/parameter-types.ts';

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
