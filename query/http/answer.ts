import type { JsonObject } from '../../schemas/trace-json.ts';
import { maxProblems } from './limits.ts';

type Headers = Readonly<Record<string, string>>;

/** What a request is answered with. */
export type Answer<Body = unknown> =
  /** JSON as the definition of the route says, with status 200. */
  | { readonly kind: 'json'; readonly body: Body; readonly headers?: Headers }
  /** JSON of any kind. */
  | { readonly kind: 'whole'; readonly status: number; readonly body: JsonObject; readonly headers?: Headers }
  /** Anything else. */
  | {
      readonly kind: 'text';
      /** Default: 200. */
      readonly status?: number;
      readonly type: string;
      readonly text: string | Buffer;
      readonly headers?: Headers;
    }
  /** Pieces that are made when the client has taken those before. The first is made before the status is sent. */
  | {
      readonly kind: 'pieces';
      /** Media type; JSON without it. */
      readonly type?: string;
      readonly pieces: AsyncIterable<string | Buffer>;
      readonly headers?: Headers;
    };

/** An answer that says what is wrong with a request. */
export function problems(status: number, ...texts: readonly string[]): Extract<Answer, { kind: 'whole' }> {
  const told = texts.slice(0, maxProblems);
  if (told.length < texts.length) told.push(`and ${texts.length - told.length} more`);
  return { kind: 'whole', status, body: { problems: told } };
}

/** What a route answers by its definition. */
export function json<Body>(body: Body): Answer<Body> {
  return { kind: 'json', body };
}
