import { z } from 'zod';
import { spanToJson } from '../../../schemas/trace-json.ts';
import { json, problems } from '../../http/answer.ts';
import { defineRoute, route } from '../../http/define-route.ts';
import { maxTraceAttempts } from '../../http/limits.ts';
import { storedTrace } from '../../store/clickhouse-trace-store.ts';
import { readSpan } from '../../store/read-span.ts';
import type { Reader } from '../../store/read-limits.ts';
import { TraceChangedError } from '../../store/trace-store.ts';
import { storedIdParameters } from '../stored-id-parameters.ts';
import { taggedResourceJson } from '../tagged-resource-json.ts';
import { type SpanJson, spanJson } from '../trace-json-schema.ts';

/** One span of a trace. */
export const getSpan = defineRoute({
  name: 'getSpan',
  path: '/api/traces/:id/spans/:span_id',
  summary: 'One span of a trace with all of its fields, and what its sides are tagged with, as of then and as of now.',
  pathParameters: storedIdParameters.extend({
    span_id: z.string().regex(/^[0-9a-fA-F]{16}$/, 'must be 16 hexadecimal digits'),
  }),
  answer: z.object({
    span: spanJson,
    client_resources: z.array(taggedResourceJson),
    server_resources: z.array(taggedResourceJson),
  }),
});

export const getSpanRoute = route(getSpan, async ({ path }, { reader }) => {
  const spanId = path.span_id.toLowerCase();
  const found = await readPresent(reader, path.id.toLowerCase(), spanId);
  if (found === undefined) return problems(404, `the trace has no span ${spanId}`);
  const { span, names, clientResources, serverResources } = found;
  return json({
    span: spanToJson(span, names) as unknown as SpanJson,
    client_resources: clientResources,
    server_resources: serverResources,
  });
});

/** Reads again where the version of the span was replaced between two statements. */
async function readPresent(reader: Reader, traceId: string, spanId: string): ReturnType<typeof readSpan> {
  for (let attempt = 1; ; attempt++) {
    try {
      const trace = await storedTrace(reader, traceId);
      return trace === undefined ? undefined : await readSpan(reader, trace, spanId);
    } catch (error) {
      if (!(error instanceof TraceChangedError) || attempt === maxTraceAttempts) throw error;
    }
  }
}
