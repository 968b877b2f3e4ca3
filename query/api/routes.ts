/** What the API answers to which path. */
import { spanToJson } from '../../schemas/trace-json.ts';
import { type Answer, problems } from '../http/answer.ts';
import { maxTraceAttempts } from '../http/limits.ts';
import { likelyEdgeToJson } from './likely-edge-json.ts';
import { identifiedTraceToJson } from './named-trace-json.ts';
import { traceFlowToJson } from './trace-flow-json.ts';
import { summaryToJson } from './summary-json.ts';
import { parseTraceFilter } from './trace-filter-parameters.ts';
import { type NamedSpan, type OpenedTrace, type PagedTraceStore, TraceChangedError } from '../store/trace-store.ts';
import type { ConcurrencyLimit } from '../http/concurrency-limit.ts';

/** A request that is allowed to be answered. */
export interface RoutedRequest {
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly signal: AbortSignal;
}

/** Answers requests, so many at a time. */
export interface Routes {
  /** The route, for metrics, and what answers it. */
  find(request: RoutedRequest): readonly [string, () => Promise<Answer>];
}

/** The routes that read traces. */
export function traceRoutes(store: PagedTraceStore, concurrency: ConcurrencyLimit): Routes {
  async function list({ parameters, signal }: RoutedRequest): Promise<Answer> {
    const parsed = parseTraceFilter(parameters);
    if (parsed.kind === 'problems') return problems(400, ...parsed.problems);
    const traces = await concurrency.run(() => store.listTraces(parsed.filter, signal), signal);
    return { kind: 'whole', status: 200, body: { traces: traces.map(summaryToJson) } };
  }

  async function one(id: string, { parameters, signal }: RoutedRequest): Promise<Answer> {
    const wrong = unknownParameters(parameters);
    if (!/^[0-9a-fA-F]{1,32}$/.test(id)) wrong.unshift('the trace id must be 1 to 32 hexadecimal digits');
    if (wrong.length > 0) return problems(400, ...wrong);
    for (let attempt = 1; ; attempt++) {
      const opened = await concurrency.run(() => store.openTrace(id.toLowerCase(), signal), signal);
      if (opened.kind === 'missing') return problems(404, `there is no trace ${id}`);
      if (opened.kind === 'ambiguous') {
        const { body } = problems(409, `several traces begin with ${id}`);
        return { kind: 'whole', status: 409, body: { ...body, trace_ids: opened.traceIds } };
      }
      const pages = opened.pages[Symbol.asyncIterator]();
      const next = (): Promise<IteratorResult<readonly NamedSpan[]>> => concurrency.run(() => pages.next(), signal);
      try {
        const first = await next();
        return { kind: 'pieces', pieces: traceJson(opened, first, next) };
      } catch (error) {
        if (!(error instanceof TraceChangedError) || attempt === maxTraceAttempts) throw error;
      }
    }
  }

  async function likelyEdges(id: string, { parameters, signal }: RoutedRequest): Promise<Answer> {
    const wrong = wrongStoredId(id, parameters);
    if (wrong.length > 0) return problems(400, ...wrong);
    const edges = await concurrency.run(() => store.likelyEdges(id.toLowerCase(), signal), signal);
    return { kind: 'whole', status: 200, body: { likely_edges: edges.map(likelyEdgeToJson) } };
  }

  async function flows(id: string, { parameters, signal }: RoutedRequest): Promise<Answer> {
    const wrong = wrongStoredId(id, parameters);
    if (wrong.length > 0) return problems(400, ...wrong);
    const found = await concurrency.run(() => store.traceFlows(id.toLowerCase(), signal), signal);
    return { kind: 'whole', status: 200, body: { flows: found.map(traceFlowToJson) } };
  }

  return {
    find(request) {
      if (request.path === '/api/traces') return ['/api/traces', () => list(request)];
      const id = /^\/api\/traces\/([^/]+)$/.exec(request.path)?.[1];
      if (id !== undefined) return ['/api/traces/:id', () => one(id, request)];
      const near = /^\/api\/traces\/([^/]+)\/likely-edges$/.exec(request.path)?.[1];
      if (near !== undefined) return ['/api/traces/:id/likely-edges', () => likelyEdges(near, request)];
      const packetsOf = /^\/api\/traces\/([^/]+)\/flows$/.exec(request.path)?.[1];
      if (packetsOf !== undefined) return ['/api/traces/:id/flows', () => flows(packetsOf, request)];
      return ['other', () => Promise.resolve(problems(404, 'there is nothing at this path'))];
    },
  };
}

/** What is wrong with the parameters of a route that has none. */
function unknownParameters(parameters: URLSearchParams): string[] {
  return [...parameters.keys()].map((name) => `${name}: unknown parameter; there are none`);
}

/** What is wrong with a request about the trace that is stored by this id. */
function wrongStoredId(id: string, parameters: URLSearchParams): string[] {
  const wrong = unknownParameters(parameters);
  if (!/^[0-9a-fA-F]{32}$/.test(id)) wrong.unshift('the trace id must be the 32 hexadecimal digits of stored_trace_id');
  return wrong;
}

/** A trace as in schemas/trace-json.ts, page by page. */
async function* traceJson(
  opened: Extract<OpenedTrace, { kind: 'found' }>,
  first: IteratorResult<readonly NamedSpan[]>,
  next: () => Promise<IteratorResult<readonly NamedSpan[]>>,
): AsyncGenerator<string> {
  const empty = '"spans":[';
  const text = JSON.stringify(identifiedTraceToJson(opened.head, opened));
  // Within a text its quotes would have backslashes, so this is the field.
  const at = text.indexOf(empty) + empty.length;
  let before = text.slice(0, at);
  for (let page = first; page.done !== true; page = await next()) {
    if (page.value.length === 0) continue;
    yield before + page.value.map(({ span, names }) => JSON.stringify(spanToJson(span, names))).join(',');
    before = ',';
  }
  yield (before === ',' ? '' : before) + text.slice(at);
}
