import { z } from 'zod';
import { json, problems } from '../../http/answer.ts';
import { defineRoute, route } from '../../http/define-route.ts';
import { storedTrace } from '../../store/clickhouse-trace-store.ts';
import { readSpan } from '../../store/read-span.ts';
import { untilUnchanged } from '../../store/until-unchanged.ts';
import { storedSpanToJson } from '../reported-details-json.ts';
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
  const found = await untilUnchanged(async () => {
    const trace = await storedTrace(reader, path.id.toLowerCase());
    return trace === undefined ? undefined : readSpan(reader, trace, spanId);
  });
  if (found === undefined) return problems(404, `the trace has no span ${spanId}`);
  const { span, names, clientResources, serverResources } = found;
  return json({
    span: storedSpanToJson(span, names) as unknown as SpanJson,
    client_resources: clientResources,
    server_resources: serverResources,
  });
});
