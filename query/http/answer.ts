import type { JsonObject } from '../../schemas/trace-json.ts';
import { maxProblems } from './limits.ts';

/** What a request is answered with. */
export type Answer =
  | {
      readonly kind: 'whole';
      readonly status: number;
      readonly body: JsonObject;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Text that is no JSON. */
  | { readonly kind: 'text'; readonly type: string; readonly text: string }
  /** JSON in pieces that are made when the client has taken those before. The first is made before the status is sent. */
  | { readonly kind: 'pieces'; readonly pieces: AsyncIterable<string> };

/** An answer that says what is wrong with a request. */
export function problems(status: number, ...texts: readonly string[]): Extract<Answer, { kind: 'whole' }> {
  const told = texts.slice(0, maxProblems);
  if (told.length < texts.length) told.push(`and ${texts.length - told.length} more`);
  return { kind: 'whole', status, body: { problems: told } };
}
