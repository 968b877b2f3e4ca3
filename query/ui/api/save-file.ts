import { ask, refusal } from './ask.ts';
import { currentToken, tokenWasRefused } from './token.ts';

/** Saves what the API answers to a path of it as a file. Its bytes are in the browser's memory until they are saved. @throws ApiError */
export async function saveFile(path: string, name: string): Promise<void> {
  const response = await ask(path, currentToken());
  if (response.status === 401) tokenWasRefused();
  if (!response.ok) throw await refusal(response);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
