import { ask, refusal } from './ask.ts';
import { currentToken, tokenWasRefused } from './token.ts';

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
