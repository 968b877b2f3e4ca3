/**
 * A route of the API as data. Its parameters are read by it (read-parameters.ts), answers are written by it, and from it
 * are made OpenAPI (openapi.ts) and what a client sends (write-parameters.ts). A definition imports nothing that runs on a
 * server only, so the page takes its types from there.
 */
import { z } from 'zod';
import type { Reader } from '../store/read-limits.ts';
import type { PagedTraceStore } from '../store/trace-store.ts';
import type { Admission } from './admission.ts';
import type { Answer } from './answer.ts';
import type { TimeRange } from '../store/time-range.ts';

/** What a route takes and answers. */
export interface RouteDefinition<
  Path extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
> {
  /** `operationId` in OpenAPI. */
  readonly name: string;
  /** With `:name` for each parameter of `pathParameters`. */
  readonly path: string;
  /** One sentence. */
  readonly summary: string;
  /** Text to values and back, by their names in the path. */
  readonly pathParameters: Path;
  /** The same of the query string. If the object is strict, unknown parameters are refused, else they are ignored. */
  readonly query: Query;
  /** The JSON of the answer; of a stream of events, the data of one. */
  readonly answer: Body;
  /** Default: application/json. */
  readonly mediaType?: string;
  /** It adds up what was in a range of time, `from` to `to`, which is bounded (time-range.ts). */
  readonly isOverTime?: true;
}

const none = z.strictObject({});
type None = typeof none;

/** Defines a route; without `pathParameters` or `query` it takes none. */
export function defineRoute<Body extends z.ZodType, Path extends z.ZodObject = None, Query extends z.ZodObject = None>(
  definition: Omit<RouteDefinition<Path, Query, Body>, 'pathParameters' | 'query'> & {
    readonly pathParameters?: Path;
    readonly query?: Query;
  },
): RouteDefinition<Path, Query, Body> {
  return {
    ...definition,
    pathParameters: definition.pathParameters ?? (none as unknown as Path),
    query: definition.query ?? (none as unknown as Query),
  };
}

/** The parameters of a request, read. */
export interface RouteRequest<Definition extends RouteDefinition = RouteDefinition> {
  readonly path: z.output<Definition['pathParameters']>;
  readonly query: z.output<Definition['query']>;
}

type Immutable<Value> = Value extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: Immutable<Value[Name]> }
    : Value;

/** The JSON that a route answers, as a type. */
export type AnswerOf<Definition extends RouteDefinition> = Immutable<z.output<Definition['answer']>>;

/** What a handler works with. */
export interface RouteContext {
  readonly store: PagedTraceStore;
  /** Reads the database until the request ends. */
  readonly reader: Reader;
  /** Fires when the request ends: its client left, its deadline has passed, or its place is needed. */
  readonly signal: AbortSignal;
  /** Address of the client, or the user as whom a proxy names it. */
  readonly client: string;
  /** From `from` to `to` of the query: an hour without `from`, until now without `to`. */
  readonly range: TimeRange;
  /** Places of answers without an end, which last as long as their clients read. */
  readonly streams: Admission;
  /** The header Accept; empty without one. */
  readonly accept: string;
  /** Waits for a turn at the database. Only for handlers that {@link streamRoute} was given: others have theirs already. */
  readonly inTurn: <Result>(task: () => Promise<Result>) => Promise<Result>;
}

/** A definition with what answers it. */
export interface Route {
  readonly definition: RouteDefinition;
  /** False: the handler runs in a turn at the database as a whole. */
  readonly takesTurns: boolean;
  /** The answer goes on until the client leaves: it has no deadline. */
  readonly isEndless: boolean;
  readonly answer: (request: RouteRequest, context: RouteContext) => Promise<Answer>;
}

type Handler<Definition extends RouteDefinition> = (
  request: RouteRequest<Definition>,
  context: RouteContext,
) => Promise<Answer<DeepReadonly<AnswerOf<Definition>>>>;

/** What is only read. */
type DeepReadonly<Value> = Value extends object ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> } : Value;

/** A route whose answer is made at once, in one turn at the database. */
export function route<Definition extends RouteDefinition>(definition: Definition, answer: Handler<Definition>): Route {
  return {
    definition,
    takesTurns: false,
    isEndless: false,
    answer: (request, context) => answer(request, context),
  };
}

/** A route whose answer is made in pieces: it waits for a turn at the database for each of them. */
export function streamRoute<Definition extends RouteDefinition>(
  definition: Definition,
  answer: Handler<Definition>,
): Route {
  return { ...route(definition, answer), takesTurns: true };
}

/** As {@link streamRoute}, for an answer that goes on until the client leaves. Its handler asks `streams` for a place. */
export function endlessRoute<Definition extends RouteDefinition>(
  definition: Definition,
  answer: Handler<Definition>,
): Route {
  return { ...streamRoute(definition, answer), isEndless: true };
}
