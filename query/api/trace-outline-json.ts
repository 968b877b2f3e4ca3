/** The JSON of a trace as a picture needs it: few fields of every span, a column each. A span takes about 80 bytes instead of 2,700. */
import { z } from 'zod';
import { columnsOf, outlineNumberNames, outlineTextNames } from './trace-outline-columns.ts';

const texts = z.object({
  texts: z.array(z.string()),
  numbers: z.array(z.int()).meta({ description: 'Of each span which of the texts it has, from 1.' }),
});

/** Some spans of a trace, by their start. */
export const outlinePageJson = z.object({
  first_start_ns: z.string().meta({ description: 'Unix nanoseconds; starts are offsets from it.' }),
  span_ids: z.string().meta({ description: '16 digits each.' }),
  parent_span_ids: z.string().meta({ description: '16 digits each, zeros where there is none.' }),
  ...columnsOf(outlineNumberNames, z.array(z.number())),
  ...columnsOf(outlineTextNames, texts),
});

/** A trace in outline. */
export const traceOutlineJson = z.object({
  trace_id: z.string(),
  stored_trace_id: z.string().meta({ description: 'The id in ClickHouse and on the bus.' }),
  also_carried_by: z.array(z.string()).meta({ description: 'Public ids of other traces with the same W3C trace id.' }),
  revision: z.number(),
  pages: z.array(outlinePageJson).meta({ description: 'Each on a line of its own.' }),
  left_out: z.int().meta({ description: 'Spans that the trace has beyond those: 250,000 are read.' }),
});

export type OutlinePageJson = z.output<typeof outlinePageJson>;
export type TraceOutlineJson = z.output<typeof traceOutlineJson>;
