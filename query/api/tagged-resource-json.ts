import { z } from 'zod';

const labels = z.record(z.string(), z.string());

/** A resource that a side of a span is tagged with: as it was when the span began, and as it is now. */
export const taggedResourceJson = z.object({
  kind: z.string(),
  id: z.int(),
  name: z.string(),
  labels,
  name_now: z.string().meta({ description: 'Its latest name; of a removed resource, its last.' }),
  labels_now: labels,
  removed_ns: z.string().meta({ description: 'When it was removed, in Unix nanoseconds; empty while it exists.' }),
});

export type TaggedResourceJson = z.output<typeof taggedResourceJson>;
