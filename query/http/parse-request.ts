import type { IncomingMessage } from 'node:http';
import { foreignReason, type OwnNames } from '../../core/http/foreign-request.ts';
import { type AccessRules, clientOf, plainAddress } from './access.ts';
import { type Answer, problems } from './answer.ts';
import { maxUrlLength } from './limits.ts';
import { parseQueryString } from './query-string.ts';

/** Whether this runs, and where, may be asked by everybody. */
const openPath = '/healthz';
/** A browser asks for the token as a password then. */
const challenge = { 'www-authenticate': 'Basic realm="spanloom", charset="UTF-8"' };

type Refusal = Extract<Answer, { kind: 'whole' }>;

/** Who may ask by which name of this server. */
export interface RequestRules {
  readonly own: OwnNames;
  readonly access: AccessRules;
  /** Whether the page is at a path: a link on another site may lead to it. */
  readonly isPage: (path: string) => boolean;
}

/** The parameters of a request, or why it is not answered whatever it asks for. */
export type ParsedRequest =
  | {
      readonly kind: 'request';
      /** Address of the client, or the user as whom a proxy names it. */
      readonly client: string;
      readonly parameters: URLSearchParams;
    }
  | { readonly kind: 'refused'; readonly answer: Refusal };

/** Looks at who asks and how, before a route is looked for. */
export function parseRequest(request: IncomingMessage, { own, access, isPage }: RequestRules): ParsedRequest {
  const { method, url = '', headers, rawHeaders, socket } = request;
  const at = url.includes('?') ? url.indexOf('?') : url.length;
  const path = url.slice(0, at);
  const names = isPage(path) ? { ...own, mayBeLinked: true as const } : own;
  const foreign = foreignReason({ rawHeaders, localAddress: socket.localAddress }, names);
  if (foreign !== undefined) return refused(problems(403, foreign));
  const client = path === openPath ? plainAddress(socket.remoteAddress ?? '') : clientOf(request, access);
  if (client === undefined)
    return refused(closing(problems(401, 'a token is needed, or a user whom a trusted proxy names'), challenge));
  if (method !== 'GET') return refused(closing(problems(405, 'only GET is understood'), { allow: 'GET' }));
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0)
    return refused(closing(problems(400, 'a request must have no body')));
  if (url.length > maxUrlLength) return refused(problems(414, `the path must have at most ${maxUrlLength} characters`));
  if (!url.startsWith('/')) return refused(problems(400, 'the request has no readable path'));
  const query = parseQueryString(url.slice(at + 1));
  if (query.kind === 'problems') return refused(problems(400, ...query.problems));
  return { kind: 'request', client, parameters: query.parameters };
}

const refused = (answer: Refusal): ParsedRequest => ({ kind: 'refused', answer });

/** A body may follow on the connection, which is not read. */
function closing(answer: Refusal, headers: Readonly<Record<string, string>> = {}): Refusal {
  return { ...answer, headers: { ...headers, connection: 'close' } };
}
