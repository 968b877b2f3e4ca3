import { ApiError } from './api-error.ts';
import { currentToken, tokenHeaders, tokenWasRefused } from './token.ts';

/**
 * What the API answers to a path of it. The caller names the type, which comes from the route's definition.
 *
 * @throws ApiError when it refuses or does not answer
 */
export async function getJson<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  const response = await ask(path, currentToken(), signal);
  if (response.status === 401) tokenWasRefused();
  if (!response.ok) throw await refusal(response);
  return (await response.json()) as Answer;
}

/** The response to a path, whatever its status. @throws ApiError with status 0 when nothing answers */
export async function ask(path: string, token: string, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, { headers: tokenHeaders(token), ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, ['the server does not answer: is spanloom still running?']);
  }
}

/** What a response that is no success says. */
export async function refusal(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined);
  const fields = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  const { problems } = fields;
  const texts = Array.isArray(problems) ? problems.map(String) : [`the server answered with status ${response.status}`];
  return new ApiError(response.status, texts, fields);
}
