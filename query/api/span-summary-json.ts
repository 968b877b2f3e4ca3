import { z } from 'zod';
import { protocolSymbols, spanStatusSymbols } from '../../schemas/generated/span.ts';

/** A span in a list, as JSON. */
export const spanSummaryJson = z.object({
  trace_id: z.string().meta({ description: 'Public id of its trace.' }),
  span_id: z.string(),
  start_time_ns: z.string().meta({ description: 'Unix time in nanoseconds.' }),
  duration_ns: z.number(),
  service_name: z.string().meta({ description: 'The service on whose side it was seen, else the process.' }),
  client_service_name: z.string(),
  server_service_name: z.string(),
  observation_point: z.string(),
  protocol: z.enum(protocolSymbols),
  request_type: z.string(),
  request_domain: z.string(),
  request_resource: z.string(),
  endpoint: z.string(),
  status: z.enum(spanStatusSymbols),
  response_code: z.int(),
  request_bytes: z.number(),
  response_bytes: z.number(),
  is_tls: z.boolean(),
  process_name: z.string(),
  client_address: z.string(),
  client_port: z.int(),
  server_address: z.string(),
  server_port: z.int(),
});
export type SpanSummaryJson = Readonly<z.infer<typeof spanSummaryJson>>;
