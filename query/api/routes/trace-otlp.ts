import { z } from 'zod';
import { otlpJson } from '../../../opentelemetry/otlp-json.ts';
import { type Answer, problems } from '../../http/answer.ts';
import { defineRoute, type RouteContext, streamRoute } from '../../http/define-route.ts';
import { type OpenedOtelTrace, openOtelTrace } from '../../opentelemetry/open-otel-trace.ts';
import { getTrace, severalTraces } from './get-trace.ts';

/** A trace as OTLP, to be saved. */
export const traceOtlp = defineRoute({
  name: 'traceOtlp',
  path: '/api/traces/:id/otlp',
  summary: 'A trace as OTLP JSON, as a file to save.',
  pathParameters: getTrace.pathParameters,
  answer: z.object({ resourceSpans: z.array(z.looseObject({})) }),
});

export const traceOtlpRoute = streamRoute(traceOtlp, ({ path }, context) => otlpAnswer(path.id, context));

async function otlpAnswer(id: string, context: RouteContext): Promise<Answer<never>> {
  const opened = await openOtelTrace(id.toLowerCase(), context);
  if (opened.kind === 'missing') return problems(404, `there is no trace ${id}`);
  if (opened.kind === 'ambiguous') return severalTraces(id, opened.traceIds);
  return {
    kind: 'pieces',
    pieces: otlpText(opened),
    headers: { 'content-disposition': `attachment; filename="trace-${opened.publicId}.json"` },
  };
}

/** The same trace as the topic otlp_spans has it, by the id it carries. */
async function* otlpText({ trace, pages }: Extract<OpenedOtelTrace, { kind: 'found' }>): AsyncGenerator<string> {
  let before = '{"resourceSpans":[';
  for await (const { spans, names } of pages) {
    const resourceSpans = otlpJson(trace, spans, names);
    if (resourceSpans.length === 0) continue;
    yield before + resourceSpans.map((element) => JSON.stringify(element)).join(',');
    before = ',';
  }
  yield before === ',' ? ']}' : `${before}]}`;
}
