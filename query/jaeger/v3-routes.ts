/**
 * The third HTTP API of Jaeger, as the page of Jaeger 2 uses it; at /jaeger/api/v3. Traces are OTLP in JSON. Parameters are in
 * camelCase, with their former names in snake_case.
 */
import { z } from 'zod';
import { otlpJson } from '../../opentelemetry/otlp-json.ts';
import type { Answer } from '../http/answer.ts';
import { defineRoute, route, type Route, type RouteContext, streamRoute } from '../http/define-route.ts';
import { textParameter, timeNsParameter } from '../http/parameter-types.ts';
import { openOtelTrace } from '../opentelemetry/open-otel-trace.ts';
import { rootName } from '../opentelemetry/root-name.ts';
import { rowsByTrace } from '../opentelemetry/rows-by-trace.ts';
import { type FoundTraces, searchTraces } from '../opentelemetry/search-traces.ts';
import { type SpanCountRow, spanCountsSql } from '../store/matched-spans-sql.ts';
import type { TraceSummary } from '../store/trace-store.ts';
import { gatewayError } from './jaeger-answer.ts';
import { type FoundOtelTrace, onlyTrace, readTraces } from './read-traces.ts';
import { parseSearch } from './search-parameters.ts';
import { namedOperations, serviceNames } from './v1-routes.ts';

const otlp = z.object({ result: z.looseObject({}) });
const text = (description: string, maxLength = 1_000) => textParameter(description, maxLength).exactOptional();

const trace = defineRoute({
  name: 'jaegerV3Trace',
  path: '/jaeger/api/v3/traces/:id',
  summary: 'A trace as OTLP JSON, as Jaeger answers it.',
  pathParameters: z.object({ id: z.string() }),
  query: z.object({}),
  answer: otlp,
});

async function traceAnswer(id: string, context: RouteContext): Promise<Answer<never>> {
  if (!/^[0-9a-fA-F]{1,32}$/.test(id))
    return gatewayError(400, 'malformed parameter trace_id: it has 1 to 32 hexadecimal digits');
  const opened = await openOtelTrace(id.toLowerCase(), context);
  if (opened.kind !== 'found') return gatewayError(404, 'No traces found');
  return { kind: 'pieces', pieces: resultText(onlyTrace(opened)) };
}

async function* resultText(traces: AsyncIterable<FoundOtelTrace>): AsyncGenerator<string> {
  let before = '{"result":{"resourceSpans":[';
  for await (const { publicId, trace: otel, pages } of traces)
    for await (const { spans, names } of pages) {
      const resourceSpans = otlpJson({ ...otel, otelTraceId: publicId }, spans, names);
      if (resourceSpans.length === 0) continue;
      yield before + resourceSpans.map((element) => JSON.stringify(element)).join(',');
      before = ',';
    }
  yield before === ',' ? ']}}' : `${before}]}}`;
}

const searchParameters = {
  'query.serviceName': text('Name of the service.'),
  'query.service_name': text('Former name of query.serviceName.'),
  'query.operationName': text('Name of the span.'),
  'query.operation_name': text('Former name of query.operationName.'),
  'query.startTimeMin': text('RFC 3339.', 64),
  'query.start_time_min': text('Former name of query.startTimeMin.', 64),
  'query.startTimeMax': text('RFC 3339.', 64),
  'query.start_time_max': text('Former name of query.startTimeMax.', 64),
  'query.durationMin': text('Of the span, such as 10ms.', 40),
  'query.duration_min': text('Former name of query.durationMin.', 40),
  'query.durationMax': text('Of the span.', 40),
  'query.duration_max': text('Former name of query.durationMax.', 40),
  'query.searchDepth': text('Traces at most.', 20),
  'query.search_depth': text('Former name of query.searchDepth.', 20),
  'query.num_traces': text('Former name of query.searchDepth.', 20),
  'query.attributes': text('Attributes of the span, as a JSON object of texts.', 4_000),
  'query.filter': text('Not supported.', 4_000),
  'query.pagination.pageToken': text('Not supported.', 4_000),
};
const searchQuery = z.object(searchParameters);
type SearchQuery = z.output<typeof searchQuery>;

const timeType = timeNsParameter('RFC 3339.');

/** Searches with the parameters of the third API. */
async function findTraces(query: SearchQuery, context: RouteContext): Promise<FoundTraces> {
  const problem = (told: string): FoundTraces => ({ kind: 'problem', problem: told });
  for (const name of ['query.filter', 'query.pagination.pageToken'] as const)
    if (query[name] !== undefined) return problem(`${name} is not supported`);
  const [least, most] = [
    query['query.startTimeMin'] ?? query['query.start_time_min'],
    query['query.startTimeMax'] ?? query['query.start_time_max'],
  ];
  if (least === undefined || most === undefined)
    return problem('query.startTimeMin and query.startTimeMax are required');
  const [from, to] = [timeType.safeParse(least), timeType.safeParse(most)];
  if (!from.success || !to.success)
    return problem('malformed parameter query.startTimeMin or query.startTimeMax: must be as in RFC 3339');
  const parsed = parseSearch({
    service: query['query.serviceName'] ?? query['query.service_name'],
    operation: query['query.operationName'] ?? query['query.operation_name'],
    minDuration: query['query.durationMin'] ?? query['query.duration_min'],
    maxDuration: query['query.durationMax'] ?? query['query.duration_max'],
    limit: query['query.searchDepth'] ?? query['query.search_depth'] ?? query['query.num_traces'],
    tags: query['query.attributes'],
    fromNs: from.data,
    toNs: to.data,
  });
  if (parsed.kind === 'problem') return parsed;
  return context.inTurn(() => searchTraces(parsed.search, context));
}

const traces = defineRoute({
  name: 'jaegerV3Traces',
  path: '/jaeger/api/v3/traces',
  summary: 'Traces with a span that matches, newest first, as OTLP JSON.',
  query: searchQuery,
  answer: otlp,
});

async function tracesAnswer(query: SearchQuery, context: RouteContext): Promise<Answer<never>> {
  const found = await findTraces(query, context);
  if (found.kind === 'problem') return gatewayError(400, found.problem);
  if (found.traces.length === 0) return gatewayError(404, 'No traces found');
  return { kind: 'pieces', pieces: resultText(readTraces(found.traces, context)) };
}

const summaries = defineRoute({
  name: 'jaegerV3TraceSummaries',
  path: '/jaeger/api/v3/trace-summaries',
  summary: 'Traces with a span that matches, newest first, without their spans.',
  query: searchQuery,
  answer: z.object({ summaries: z.array(z.looseObject({})) }),
});

/** Services are counted for as many as this of all traces together. */
const maxServiceCounts = 10_000;

async function summariesAnswer(query: SearchQuery, context: RouteContext): Promise<Answer<never>> {
  const found = await findTraces(query, context);
  if (found.kind === 'problem') return gatewayError(400, found.problem);
  const counts =
    found.traces.length === 0
      ? []
      : await context.inTurn(() => context.reader.select<SpanCountRow>(spanCountsSql(found.traces, maxServiceCounts)));
  const byTrace = rowsByTrace(counts);
  const body = found.traces.map((summary) => summaryJson(summary, byTrace.get(summary.traceId) ?? []));
  return { kind: 'whole', status: 200, body: { summaries: body } };
}

function summaryJson(summary: TraceSummary, counts: readonly SpanCountRow[]) {
  const sum = (of: (row: SpanCountRow) => number): number => counts.reduce((total, row) => total + of(row), 0);
  return {
    traceId: summary.traceId,
    rootServiceName: summary.rootServiceName,
    rootOperationName: rootName(summary),
    minStartTimeUnixNano: String(summary.startTimeNs),
    maxEndTimeUnixNano: String(summary.startTimeNs + BigInt(summary.durationNs)),
    spanCount: sum(({ spans }) => spans),
    errorSpanCount: sum(({ errors }) => errors),
    services: counts.map(({ service, spans, errors }) => ({
      name: service,
      spanCount: spans,
      errorSpanCount: errors,
    })),
  };
}

const services = defineRoute({
  name: 'jaegerV3Services',
  path: '/jaeger/api/v3/services',
  summary: 'Names of services.',
  query: z.object({}),
  answer: z.object({ services: z.array(z.string()) }),
});

const operations = defineRoute({
  name: 'jaegerV3Operations',
  path: '/jaeger/api/v3/operations',
  summary: 'Names and kinds of the spans of a service.',
  query: z.object({
    service: text('Name of the service.'),
    spanKind: text('client, server or internal.', 20),
    span_kind: text('Former name of spanKind.', 20),
  }),
  answer: z.object({ operations: z.array(z.object({ name: z.string(), spanKind: z.string() })) }),
});

export const jaegerV3Routes: readonly Route[] = [
  streamRoute(trace, ({ path }, context) => traceAnswer(path.id, context)),
  streamRoute(traces, ({ query }, context) => tracesAnswer(query, context)),
  streamRoute(summaries, ({ query }, context) => summariesAnswer(query, context)),
  route(services, async (_, context) => ({ kind: 'json', body: { services: [...(await serviceNames(context))] } })),
  route(operations, async ({ query }, context) => {
    const named = await namedOperations(context, query.service, query.spanKind ?? query.span_kind);
    return { kind: 'json', body: { operations: [...named] } };
  }),
];
