import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { type AnswerOf, defineRoute, route } from '../../http/define-route.ts';
import { readFields } from '../../store/read-fields.ts';

/** What a condition may ask for. */
export const fields = defineRoute({
  name: 'fields',
  path: '/api/fields',
  summary: 'Fields that `where` takes, with the keys of labels, annotations and environment that resources have.',
  answer: z.object({
    fields: z.array(
      z.object({
        field: z.string().meta({ description: 'As in `where`: status, client.pod, label(app).' }),
        kind: z.enum(['span', 'tag', 'label', 'annotation', 'environment']),
      }),
    ),
    is_truncated: z.boolean(),
  }),
});

export type FieldsAnswer = AnswerOf<typeof fields>;

export const fieldsRoute = route(fields, async (_, { reader }) => json(await readFields(reader)));
