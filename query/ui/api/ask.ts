import { ApiError } from './api-error.ts';
import { tokenHeaders } from './token-headers.ts';

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
