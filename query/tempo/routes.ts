/**
 * The HTTP API of Tempo as Grafana's data source uses it; at /tempo/api, so that the address of Tempo is that of spanloom with
 * /tempo. Unknown parameters are ignored. Times of requests are Unix seconds.
 */
import { z } from 'zod';
import { otlpJson } from '../../opentelemetry/otlp-json.ts';
import { TraceEncoder } from '../../opentelemetry/trace-encoder.ts';
import { type Answer, problems } from '../http/answer.ts';
import { defineRoute, route, type Route, type RouteContext, streamRoute } from '../http/define-route.ts';
import { textParameter } from '../http/parameter-types.ts';
import { resolveCondition } from '../opentelemetry/find-operations.ts';
import { goDurationNs } from '../opentelemetry/go-duration.ts';
import { type OpenedOtelTrace, openOtelTrace } from '../opentelemetry/open-otel-trace.ts';
import { rowsByTrace } from '../opentelemetry/rows-by-trace.ts';
import { searchTraces } from '../opentelemetry/search-traces.ts';
import type { SpanRange } from '../store/otel-lists-sql.ts';
import { type MatchedSpanRow, matchedSpansSql } from '../store/matched-spans-sql.ts';
import { foundTraceJson } from './search-json.ts';
import { attributeNames, tagScopes } from './tag-names.ts';
import { tagValues, type TagValues } from './tag-values.ts';
import { tagsQuery } from './tags-query.ts';
import { readTraceql } from './traceql-condition.ts';

/** Readers choose what they ask for by it: the version of Tempo whose API this is. */
const tempoVersion = '2.6.0';

const anything = z.looseObject({});
const seconds = (description: string) => textParameter(description, 20).exactOptional();
const range = { start: seconds('Unix time in seconds.'), end: seconds('Unix time in seconds.') };

const echo = defineRoute({
  name: 'tempoEcho',
  path: '/tempo/api/echo',
  summary: 'Says that there is an API of Tempo.',
  query: z.object({}),
  answer: z.string(),
  mediaType: 'text/plain',
});

const buildInfo = defineRoute({
  name: 'tempoBuildInfo',
  path: '/tempo/api/status/buildinfo',
  summary: 'The version of Tempo whose API this is.',
  query: z.object({}),
  answer: z.object({ version: z.string() }),
});

const id = z.object({ id: z.string() });
const traceById = defineRoute({
  name: 'tempoTrace',
  path: '/tempo/api/traces/:id',
  summary: 'A trace as Tempo answers it: OTLP JSON, or protobuf if Accept asks for it.',
  pathParameters: id,
  query: z.object(range),
  answer: anything,
});
const traceByIdV2 = defineRoute({
  name: 'tempoTraceV2',
  path: '/tempo/api/v2/traces/:id',
  summary: 'The same in the form of the second version.',
  pathParameters: id,
  query: z.object(range),
  answer: anything,
});

type Form = 'v1' | 'v2';

async function traceAnswer(form: Form, traceId: string, context: RouteContext): Promise<Answer<never>> {
  if (!/^[0-9a-fA-F]{1,32}$/.test(traceId)) return problems(400, 'a trace id has 1 to 32 hexadecimal digits');
  const opened = await openOtelTrace(traceId.toLowerCase(), context);
  if (opened.kind === 'missing') return problems(404, `there is no trace ${traceId}`);
  if (opened.kind === 'ambiguous') return problems(409, `several traces begin with ${traceId}`);
  const isProtobuf = context.accept.includes('application/protobuf');
  return isProtobuf
    ? { kind: 'pieces', type: 'application/protobuf', pieces: traceProtobuf(form, opened) }
    : { kind: 'pieces', pieces: traceJson(form, opened) };
}

type Found = Extract<OpenedOtelTrace, { kind: 'found' }>;

async function* traceJson(form: Form, { publicId, trace, pages }: Found): AsyncGenerator<string> {
  const [start, end] = form === 'v1' ? ['{"batches":[', ']}'] : ['{"trace":{"resourceSpans":[', ']},"metrics":{}}'];
  let before = start;
  for await (const { spans, names } of pages) {
    const resourceSpans = otlpJson({ ...trace, otelTraceId: publicId }, spans, names);
    if (resourceSpans.length === 0) continue;
    yield before + resourceSpans.map((element) => JSON.stringify(element)).join(',');
    before = ',';
  }
  yield `${before === ',' ? '' : before}${end}`;
}

/** As large as a page of a trace may become. */
const maxMessageBytes = 2 ** 28;

/**
 * Messages one behind the other are one message with the resource spans of all: `Trace` of Tempo is `TracesData`, and a
 * field that is a message is merged when it is there several times: `TraceByIDResponse { trace = 1 }`.
 */
async function* traceProtobuf(form: Form, { publicId, trace, pages }: Found): AsyncGenerator<Buffer> {
  for await (const { spans, names } of pages)
    for (const bytes of new TraceEncoder(names, maxMessageBytes).encode({ ...trace, otelTraceId: publicId }, spans)) {
      if (form === 'v2') yield fieldOne(bytes.length);
      yield bytes;
    }
}

/** Tag and length of field 1. */
function fieldOne(length: number): Buffer {
  const bytes = [0x0a];
  let rest = length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

const search = defineRoute({
  name: 'tempoSearch',
  path: '/tempo/api/search',
  summary: 'Traces with a span that a query in TraceQL, or tags, select; newest first.',
  query: z.object({
    q: textParameter('A selector in TraceQL.', 4_000).exactOptional(),
    tags: textParameter('Attributes in logfmt, such as service.name=cart.', 4_000).exactOptional(),
    minDuration: textParameter('Of the trace, such as 10ms.', 40).exactOptional(),
    maxDuration: textParameter('Of the trace.', 40).exactOptional(),
    limit: textParameter('Traces at most; 20 by default.', 9).exactOptional(),
    spss: textParameter('Spans of each trace at most; 3 by default.', 9).exactOptional(),
    ...range,
  }),
  answer: z.object({ traces: z.array(anything), metrics: anything }),
});

const maxSpansPerTrace = 100;

/** What is wrong with a request; thrown by readers of parameters. */
class BadRequest extends Error {}

async function searchAnswer(query: z.output<(typeof search)['query']>, context: RouteContext): Promise<Answer<never>> {
  const text = query.q ?? (query.tags === undefined ? '' : tagsQuery(query.tags));
  if (text === undefined) return problems(400, 'tags must be name=value, separated by spaces');
  const read = readTraceql(text);
  if (read.kind === 'problem') return problems(400, `q: ${read.problem}`);
  const least = durationOf('minDuration', query.minDuration);
  const most = durationOf('maxDuration', query.maxDuration);
  const minDurationNs = Math.max(least ?? 0, read.minDurationNs ?? 0);
  const maxDurationNs = Math.min(most ?? Infinity, read.maxDurationNs ?? Infinity);
  const found = await searchTraces(
    {
      condition: read.condition,
      range: rangeOf(query),
      limit: countOf('limit', query.limit, 20),
      ...(minDurationNs > 0 ? { minDurationNs } : {}),
      ...(maxDurationNs === Infinity ? {} : { maxDurationNs: Math.max(maxDurationNs, 0) }),
    },
    context,
  );
  if (found.kind === 'problem') return problems(400, `q: ${found.problem}`);
  const { traces, condition } = found;
  const perTrace = Math.min(countOf('spss', query.spss, 3), maxSpansPerTrace);
  const rows =
    traces.length === 0
      ? []
      : await context.reader.select<MatchedSpanRow>(matchedSpansSql(traces, condition, perTrace));
  const byTrace = rowsByTrace(rows);
  const body = traces.map((trace) => foundTraceJson(trace, byTrace.get(trace.traceId) ?? []));
  return { kind: 'whole', status: 200, body: { traces: body, metrics: { inspectedTraces: traces.length } } };
}

function rangeOf({ start, end }: { readonly start?: string; readonly end?: string }): SpanRange {
  const nsOf = (name: string, text: string): bigint => {
    if (!/^\d{1,10}$/.test(text) || Number(text) > 9_223_372_036)
      throw new BadRequest(`${name} is a Unix time in seconds`);
    return BigInt(text) * 1_000_000_000n;
  };
  // 0 stands for no bound, and an end is the end of its second.
  return {
    ...(start === undefined || start === '0' ? {} : { fromNs: nsOf('start', start) }),
    ...(end === undefined || end === '0' ? {} : { toNs: nsOf('end', end) + 999_999_999n }),
  };
}

function countOf(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined || text === '0') return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new BadRequest(`${name} is a whole number`);
  return Number(text);
}

function durationOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ns = goDurationNs(text);
  if (ns === undefined) throw new BadRequest(`${name} is a duration such as 10ms`);
  return ns;
}

const tags = defineRoute({
  name: 'tempoTags',
  path: '/tempo/api/search/tags',
  summary: 'Names of attributes that can be searched.',
  query: z.object({ scope: textParameter('resource, span, intrinsic or none.', 20).exactOptional(), ...range }),
  answer: z.object({ tagNames: z.array(z.string()) }),
});
const tagsV2 = defineRoute({
  ...tags,
  name: 'tempoTagsV2',
  path: '/tempo/api/v2/search/tags',
  summary: 'The same by their scopes.',
  answer: z.object({ scopes: z.array(z.object({ name: z.string(), tags: z.array(z.string()) })) }),
});

const valuesQuery = z.object({
  q: textParameter('Only of spans that this selects, in TraceQL.', 4_000).exactOptional(),
  limit: textParameter('Values at most.', 9).exactOptional(),
  ...range,
});
const values = defineRoute({
  name: 'tempoTagValues',
  path: '/tempo/api/search/tag/:tag/values',
  summary: 'Values of an attribute, the most frequent first.',
  pathParameters: z.object({ tag: textParameter('As in TraceQL, or without a scope.') }),
  query: valuesQuery,
  answer: z.object({ tagValues: z.array(z.string()) }),
});
const valuesV2 = defineRoute({
  name: 'tempoTagValuesV2',
  path: '/tempo/api/v2/search/tag/:tag/values',
  summary: 'The same with their types.',
  pathParameters: z.object({ tag: textParameter('As in TraceQL, or without a scope.') }),
  query: valuesQuery,
  answer: z.object({ tagValues: z.array(z.object({ type: z.string(), value: z.string() })) }),
});

const maxValues = 1_000;

async function findValues(
  tag: string,
  query: z.output<typeof valuesQuery>,
  { reader }: RouteContext,
): Promise<TagValues> {
  const within = rangeOf(query);
  // What is being typed is often no query yet: then the values are those of all spans.
  const read = readTraceql(query.q ?? '');
  const selected = read.kind === 'problem' ? ({ kind: 'always', holds: true } as const) : read.condition;
  const resolved = await resolveCondition(reader, within, selected);
  if (resolved.kind === 'problem') throw new BadRequest(`q: ${resolved.problem}`);
  const limit = Math.min(countOf('limit', query.limit, maxValues), maxValues);
  return tagValues(reader, tag, { range: within, condition: resolved.condition, limit });
}

/** What is wrong with parameters is the answer. */
async function orProblems(answer: () => Promise<Answer<never>>): Promise<Answer<never>> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof BadRequest) return problems(400, error.message);
    throw error;
  }
}

export const tempoRoutes: readonly Route[] = [
  route(echo, () => Promise.resolve({ kind: 'text', type: 'text/plain; charset=utf-8', text: 'echo' })),
  route(buildInfo, () => Promise.resolve({ kind: 'json', body: { version: tempoVersion } })),
  streamRoute(traceById, ({ path }, context) => traceAnswer('v1', path.id, context)),
  streamRoute(traceByIdV2, ({ path }, context) => traceAnswer('v2', path.id, context)),
  route(search, ({ query }, context) => orProblems(() => searchAnswer(query, context))),
  route(tags, ({ query }) => Promise.resolve({ kind: 'json', body: { tagNames: [...attributeNames(query.scope)] } })),
  route(tagsV2, ({ query }) => Promise.resolve({ kind: 'json', body: { scopes: tagScopes(query.scope) } })),
  route(values, ({ path, query }, context) =>
    orProblems(async () => {
      const { values: found } = await findValues(path.tag, query, context);
      return { kind: 'whole', status: 200, body: { tagValues: found } };
    }),
  ),
  route(valuesV2, ({ path, query }, context) =>
    orProblems(async () => {
      const { type, values: found } = await findValues(path.tag, query, context);
      return { kind: 'whole', status: 200, body: { tagValues: found.map((value) => ({ type, value })) } };
    }),
  ),
];
