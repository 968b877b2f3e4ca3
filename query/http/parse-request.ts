import type { IncomingMessage } from 'node:http';
import { foreignReason, type OwnNames } from '../../core/http/foreign-request.ts';
import { type Answer, problems } from './answer.ts';
import { maxUrlLength } from './limits.ts';
import { parseQueryString } from './query-string.ts';

type Refusal = Extract<Answer, { kind: 'whole' }>;

/** The parameters of a request, or why it is not answered whatever it asks for. */
export type ParsedRequest =
  | { readonly kind: 'request'; readonly path: string; readonly parameters: URLSearchParams }
  | { readonly kind: 'refused'; readonly answer: Refusal };

/** Looks at who asks and how, before a route is looked for. */
export function parseRequest(
  { method, url = '', headers, rawHeaders, socket }: IncomingMessage,
  own: OwnNames,
): ParsedRequest {
  const foreign = foreignReason({ rawHeaders, localAddress: socket.localAddress }, own);
  if (foreign !== undefined) return refused(problems(403, foreign));
  if (method !== 'GET') return refused(closing(problems(405, 'only GET is understood'), { allow: 'GET' }));
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0)
    return refused(closing(problems(400, 'a request must have no body')));
  if (url.length > maxUrlLength) return refused(problems(414, `the path must have at most ${maxUrlLength} characters`));
  if (!url.startsWith('/')) return refused(problems(400, 'the request has no readable path'));
  const at = url.includes('?') ? url.indexOf('?') : url.length;
  const query = parseQueryString(url.slice(at + 1));
  if (query.kind === 'problems') return refused(problems(400, ...query.problems));
  return { kind: 'request', path: url.slice(0, at), parameters: query.parameters };
}

const refused = (answer: Refusal): ParsedRequest => ({ kind: 'refused', answer });

/** A body may follow on the connection, which is not read. */
function closing(answer: Refusal, headers: Readonly<Record<string, string>> = {}): Refusal {
  return { ...answer, headers: { ...headers, connection: 'close' } };
}
