import { z } from 'zod';

/** Rate, errors and durations of calls, as of every route that counts them. */
export const callFigures = {
  calls: z.number(),
  errors: z
    .number()
    .meta({ description: 'Of the calls, those with status client_error, server_error, timeout or closed.' }),
  p50_ns: z.number(),
  p99_ns: z.number(),
} as const;
