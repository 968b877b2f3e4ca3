/**
 * The first HTTP API of Jaeger, as Grafana's data source and older clients use it; at /jaeger/api, so that the address of
 * Jaeger is that of spanloom with /jaeger. Unknown parameters are ignored, as Jaeger does.
 */
import { z } from 'zod';
import type { JsonObject } from '../../schemas/trace-json.ts';
import type { Answer } from '../http/answer.ts';
import { defineRoute, route, type Route, type RouteContext, streamRoute } from '../http/define-route.ts';
import { repeatedParameter, textParameter } from '../http/parameter-types.ts';
import { findOperations } from '../opentelemetry/find-operations.ts';
import { openOtelTrace } from '../opentelemetry/open-otel-trace.ts';
import type { SpanCondition } from '../opentelemetry/span-condition.ts';
import { searchTraces } from '../opentelemetry/search-traces.ts';
import { dependenciesSql, type DependencyRow } from '../store/dependencies-sql.ts';
import { serviceNamesSql } from '../store/otel-lists-sql.ts';
import { envelopeEnd, jaegerError, jaegerList } from './jaeger-answer.ts';
import { JaegerTraceWriter } from './jaeger-json.ts';
import { type FoundOtelTrace, onlyTrace, readTraces } from './read-traces.ts';
import { parseSearch } from './search-parameters.ts';

const list = z.looseObject({ data: z.array(z.any()).nullable() });
const service = textParameter('Name of the service.');
/** No list of names is longer. */
export const maxNames = 10_000;
const always: SpanCondition = { kind: 'always', holds: true };
const ofService = (name: string | undefined): SpanCondition =>
  name === undefined ? always : { kind: 'service', test: { kind: 'equal', text: name } };

const services = defineRoute({
  name: 'jaegerServices',
  path: '/jaeger/api/services',
  summary: 'Names of services, as Jaeger lists them.',
  query: z.object({}),
  answer: list,
});

/** Names of services with spans in the last day, by name. */
export async function serviceNames({ reader }: Pick<RouteContext, 'reader'>): Promise<readonly string[]> {
  const rows = await reader.select<{ readonly value: string }>(serviceNamesSql({}, always, maxNames));
  return rows.map(({ value }) => value).sort();
}

const operationsOfService = defineRoute({
  name: 'jaegerOperationsOfService',
  path: '/jaeger/api/services/:service/operations',
  summary: 'Names of the spans of a service, as Jaeger lists them.',
  pathParameters: z.object({ service }),
  query: z.object({}),
  answer: list,
});

const operations = defineRoute({
  name: 'jaegerOperations',
  path: '/jaeger/api/operations',
  summary: 'Names and kinds of the spans of a service, as Jaeger lists them.',
  query: z.object({
    service: service.exactOptional(),
    spanKind: textParameter('client, server or internal.').exactOptional(),
  }),
  answer: list,
});

/** Names of spans of a service with their kinds, by name. */
export async function namedOperations(
  { reader }: Pick<RouteContext, 'reader'>,
  name: string | undefined,
  spanKind: string | undefined,
): Promise<readonly { readonly name: string; readonly spanKind: string }[]> {
  const found = await findOperations(reader, {}, ofService(name));
  const unique = new Map(found.map((operation) => [`${operation.name} ${operation.side}`, operation]));
  return [...unique.values()]
    .filter(({ side }) => spanKind === undefined || side === spanKind)
    .map((operation) => ({ name: operation.name, spanKind: operation.side }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.spanKind < b.spanKind ? -1 : 1));
}

const trace = defineRoute({
  name: 'jaegerTrace',
  path: '/jaeger/api/traces/:id',
  summary: 'A trace in the JSON of Jaeger.',
  pathParameters: z.object({ id: z.string() }),
  query: z.object({}),
  answer: list,
});

async function traceAnswer(id: string, context: RouteContext): Promise<Answer<never>> {
  if (!/^[0-9a-fA-F]{1,32}$/.test(id)) return jaegerError(400, 'a trace id has 1 to 32 hexadecimal digits');
  const opened = await openOtelTrace(id.toLowerCase(), context);
  if (opened.kind === 'ambiguous')
    return jaegerError(409, `several traces begin with ${id}: ${opened.traceIds.join(', ')}`);
  if (opened.kind === 'missing') return jaegerError(404, 'trace not found');
  return { kind: 'pieces', pieces: tracesText(onlyTrace(opened)) };
}

const time = textParameter('Unix time in microseconds.', 20);

const search = defineRoute({
  name: 'jaegerSearch',
  path: '/jaeger/api/traces',
  summary: 'Traces with a span that matches, newest first, in the JSON of Jaeger.',
  query: z.object({
    service: service.exactOptional(),
    operation: textParameter('Name of the span.').exactOptional(),
    tags: textParameter('Attributes of the span, as a JSON object of texts.', 4_000).exactOptional(),
    tag: repeatedParameter(textParameter('An attribute, as name:value.')).prefault([]),
    start: time.exactOptional(),
    end: time.exactOptional(),
    lookback: textParameter('Without start: so long before the end, such as 1h or 2d.', 20).exactOptional(),
    minDuration: textParameter('Of the span, such as 10ms.', 40).exactOptional(),
    maxDuration: textParameter('Of the span.', 40).exactOptional(),
    limit: textParameter('Traces at most.', 20).exactOptional(),
    traceID: repeatedParameter(textParameter('These traces, whatever else is asked for.', 32)).prefault([]),
  }),
  answer: list,
});

/** No request reads more traces by their ids. */
const maxIds = 100;
const dayNs = 86_400_000_000_000n;

async function searchAnswer(query: z.output<(typeof search)['query']>, context: RouteContext): Promise<Answer<never>> {
  if (query.traceID.length > maxIds) return jaegerError(400, `traceID: there are more than ${maxIds}`);
  if (query.traceID.length > 0) {
    if (!query.traceID.every((id) => /^[0-9a-fA-F]{1,32}$/.test(id)))
      return jaegerError(400, 'a trace id has 1 to 32 hexadecimal digits');
    const listed = query.traceID.map((traceId) => ({ traceId: traceId.toLowerCase() }));
    return { kind: 'pieces', pieces: tracesText(readTraces(listed, context)) };
  }
  const [toNs, startNs] = [microseconds(query.end), microseconds(query.start)];
  if (toNs === 'wrong' || startNs === 'wrong') return jaegerError(400, 'start and end are Unix times in microseconds');
  const fromNs = startNs ?? lookbackFrom(toNs, query.lookback);
  const parsed = parseSearch({ ...query, pairs: query.tag, fromNs, toNs });
  if (parsed.kind === 'problem') return jaegerError(400, parsed.problem);
  const found = await context.inTurn(() => searchTraces(parsed.search, context));
  if (found.kind === 'problem') return jaegerError(400, found.problem);
  return { kind: 'pieces', pieces: tracesText(readTraces(found.traces, context)) };
}

function microseconds(text: string | undefined): bigint | undefined | 'wrong' {
  if (text === undefined) return undefined;
  return /^\d{1,16}$/.test(text) ? BigInt(text) * 1_000n : 'wrong';
}

/** `custom` and anything else that is no length of time leaves the range open. */
function lookbackFrom(toNs: bigint | undefined, lookback: string | undefined): bigint | undefined {
  const [, amount, unit] = /^(\d{1,4})([mhdw])$/.exec(lookback ?? '') ?? [];
  if (toNs === undefined || amount === undefined) return undefined;
  const unitNs = { m: dayNs / 1_440n, h: dayNs / 24n, d: dayNs, w: 7n * dayNs }[unit as 'm' | 'h' | 'd' | 'w'];
  const from = toNs - BigInt(amount) * unitNs;
  return from < 0n ? 0n : from;
}

async function* tracesText(traces: AsyncIterable<FoundOtelTrace>): AsyncGenerator<string> {
  let between = '{"data":[';
  for await (const { publicId, trace: otel, pages } of traces) {
    const writer = new JaegerTraceWriter({ ...otel, otelTraceId: publicId });
    let before = `${between}{"traceID":${JSON.stringify(publicId)},"spans":[`;
    for await (const { spans, names } of pages) {
      if (spans.length === 0) continue;
      yield before + spans.map((visible) => JSON.stringify(writer.span(visible, names))).join(',');
      before = ',';
    }
    yield `${before === ',' ? '' : before}],"processes":${JSON.stringify(writer.processes)},"warnings":null}`;
    between = ',';
  }
  yield `${between === ',' ? '' : between}]${envelopeEnd}`;
}

const dependencies = defineRoute({
  name: 'jaegerDependencies',
  path: '/jaeger/api/dependencies',
  summary: 'Which service calls which, as Jaeger lists them.',
  query: z.object({
    endTs: textParameter('Unix time in milliseconds.', 16).exactOptional(),
    lookback: textParameter('In milliseconds; a day by default.', 16).exactOptional(),
  }),
  answer: list,
});

async function dependenciesAnswer(
  { endTs, lookback = '86400000' }: z.output<(typeof dependencies)['query']>,
  { reader }: RouteContext,
): Promise<Answer<never>> {
  if (!/^\d{1,13}$/.test(endTs ?? '')) return jaegerError(400, 'endTs is a Unix time in milliseconds');
  if (!/^\d{1,13}$/.test(lookback)) return jaegerError(400, 'lookback is a number of milliseconds');
  const toMs = Number(endTs);
  const rows = await reader.select<DependencyRow>(
    dependenciesSql(Math.max(toMs - Number(lookback), 0), toMs, maxNames),
  );
  const links = rows.map(({ parent, child, calls }): JsonObject => ({ parent, child, callCount: calls }));
  return jaegerList(links, 0);
}

export const jaegerV1Routes: readonly Route[] = [
  route(services, async (_, context) => jaegerList(await serviceNames(context))),
  route(operationsOfService, async ({ path }, context) => {
    const named = await namedOperations(context, path.service, undefined);
    return jaegerList([...new Set(named.map(({ name }) => name))]);
  }),
  route(operations, async ({ query }, context) => {
    if (query.service === undefined) return jaegerError(400, `parameter 'service' is required`);
    return jaegerList(await namedOperations(context, query.service, query.spanKind));
  }),
  streamRoute(trace, ({ path }, context) => traceAnswer(path.id, context)),
  streamRoute(search, ({ query }, context) => searchAnswer(query, context)),
  route(dependencies, ({ query }, context) => dependenciesAnswer(query, context)),
];
