import { PipelineError } from '../../core/errors.ts';
import type { AnswerOf, RouteDefinition, RouteRequest } from '../http/define-route.ts';
import { writeParameters } from '../http/write-parameters.ts';

const requestTimeoutMs = 30_000;

/** What the API answered. */
export interface ApiResponse {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks for what routes are defined to answer. */
export interface ApiClient {
  /** @throws PipelineError DESTINATION_UNAVAILABLE if nothing answers in time */
  ask<Definition extends RouteDefinition>(
    definition: Definition,
    request: RouteRequest<Definition>,
  ): Promise<ApiResponse>;
  /** The same, where any other status is an error. @throws PipelineError DESTINATION_REFUSED with what the API says */
  answer<Definition extends RouteDefinition>(
    definition: Definition,
    request: RouteRequest<Definition>,
  ): Promise<AnswerOf<Definition>>;
  /** The same; undefined when an API of a former version does not know of the route. */
  answerIfKnown<Definition extends RouteDefinition>(
    definition: Definition,
    request: RouteRequest<Definition>,
  ): Promise<AnswerOf<Definition> | undefined>;
  /** An answer that was asked for as an error. */
  refused(response: ApiResponse): PipelineError;
}

/** A client of the API at this address, such as http://127.0.0.1:6480. @param token SPANLOOM_QUERY_TOKEN, if the API has one */
export function apiClient(base: string, token?: string): ApiClient {
  const client: ApiClient = {
    async ask(definition, request) {
      const written = writeParameters(definition, request);
      if (written.kind === 'problems') return { status: 400, body: { problems: written.problems } };
      return getJson(base, written.path, requestTimeoutMs, token);
    },
    async answer(definition, request) {
      return answerIn(definition, await client.ask(definition, request));
    },
    async answerIfKnown(definition, request) {
      const response = await client.ask(definition, request);
      return response.status === 404 ? undefined : answerIn(definition, response);
    },
    refused({ status, body }) {
      const texts = Array.isArray(body['problems']) ? body['problems'].map(String) : [`status ${status}`];
      const code = status < 500 ? 'DESTINATION_REFUSED' : 'DESTINATION_UNAVAILABLE';
      return new PipelineError(code, `The query API at ${base} refused: ${texts.join('; ')}.`);
    },
  };
  function answerIn<Definition extends RouteDefinition>(
    definition: Definition,
    response: ApiResponse,
  ): AnswerOf<Definition> {
    if (response.status !== 200) throw client.refused(response);
    const answer = definition.answer.safeParse(response.body);
    if (answer.success) return answer.data as AnswerOf<Definition>;
    const message = `The query API at ${base} answers what this version does not understand.`;
    throw new PipelineError('DESTINATION_REFUSED', message, { cause: answer.error });
  }
  return client;
}

/** Asks the API for a path. @throws PipelineError DESTINATION_UNAVAILABLE if nothing answers in time */
export async function getJson(base: string, path: string, timeoutMs: number, token?: string): Promise<ApiResponse> {
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(new URL(path, base), { headers, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    return { status: response.status, body: objectOf(text) };
  } catch (error) {
    const message = `The query API at ${base} does not answer.`;
    throw new PipelineError('DESTINATION_UNAVAILABLE', message, { retryable: true, cause: error });
  }
}

/** What an answer says; nothing when it comes from something else than the API, such as the server below it or a proxy. */
function objectOf(text: string): ApiResponse['body'] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as ApiResponse['body'];
  } catch {
    // A page.
  }
  return {};
}
