import { z } from 'zod';

/** Of a route about a trace by the id that it is stored by. */
export const storedIdParameters = z.strictObject({
  id: z
    .string()
    .regex(/^[0-9a-fA-F]{32}$/, 'must be the 32 hexadecimal digits of stored_trace_id')
    .meta({ description: '`stored_trace_id` of the trace.' }),
});
