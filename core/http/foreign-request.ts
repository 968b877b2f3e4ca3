/**
 * Detects requests from a page of another site. A browser lets any page send requests to this machine. These headers
 * distinguish such a request:
 *
 * - `Host` is the name in the address bar. A page that points a name of its own at this machine (DNS rebinding) has that
 *   name there, never an address.
 * - `Origin` is the site of the page, where the page is of another site or changes something.
 * - `Sec-Fetch-Site` says how the page and the target relate. Programs other than browsers do not send it.
 */
import { isIP } from 'node:net';

/** What is looked at of a request. */
export interface RequestOrigin {
  /** As in IncomingMessage.rawHeaders: names and values by turns. */
  readonly rawHeaders: readonly string[];
  /** Address of this machine at which the connection arrived. */
  readonly localAddress: string | undefined;
}

/** A name or address with an optional port, and nothing else. */
const hostPattern = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?))\.?(?::\d{1,5})?$/;

/** Name or address of a Host header in small letters, without port and brackets; undefined when it is none. */
function nameOf(host: string): string | undefined {
  const match = hostPattern.exec(host.toLowerCase());
  return match === null ? undefined : (match[1] ?? match[2]);
}

function isLoopback(name: string): boolean {
  const plain = name.replace(/^::ffff:(?=\d+\.)/, '');
  return name === 'localhost' || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name);
}

/** By which names a server may be addressed, beside `localhost`, loopback addresses, and over the network any address. */
export interface OwnNames {
  readonly allowedHosts: ReadonlySet<string>;
  /** Accepts any name over the network: for services without secrets that clients address by unlisted names. */
  readonly anyOverNetwork?: true;
  /** Also answers a browser that follows a link on another site: for a page that has no data in itself. */
  readonly mayBeLinked?: true;
}

/** Why a request is refused, in one sentence; undefined when it is not. */
export function foreignReason({ rawHeaders, localAddress }: RequestOrigin, own: OwnNames): string | undefined {
  const [host, ...furtherHosts] = valuesOf(rawHeaders, 'host');
  const name = furtherHosts.length > 0 || host === undefined ? undefined : nameOf(host);
  if (name === undefined || !isOwn(name, localAddress, own))
    return 'only requests to this server by its own name or address are answered';
  for (const origin of valuesOf(rawHeaders, 'origin'))
    if (!/^https?:\/\//.test(origin) || origin.replace(/^https?:\/\//, '').toLowerCase() !== host!.toLowerCase())
      return 'pages of other sites are not answered';
  const isLink = own.mayBeLinked === true && isNavigation(rawHeaders);
  for (const site of isLink ? [] : valuesOf(rawHeaders, 'sec-fetch-site'))
    if (site !== 'same-origin' && site !== 'none') return 'pages of other sites are not answered';
  return undefined;
}

/** A browser wants to show the answer in a tab of its own, where the other site cannot read it. */
function isNavigation(rawHeaders: readonly string[]): boolean {
  const [mode, ...modes] = valuesOf(rawHeaders, 'sec-fetch-mode');
  const [target, ...targets] = valuesOf(rawHeaders, 'sec-fetch-dest');
  return mode === 'navigate' && target === 'document' && modes.length + targets.length === 0;
}

function isOwn(name: string, localAddress: string | undefined, { allowedHosts, anyOverNetwork }: OwnNames): boolean {
  if (isLoopback(name) || allowedHosts.has(name)) return true;
  const isOverNetwork = localAddress !== undefined && !isLoopback(localAddress);
  // A client over the network may have used any address of this machine, also a translated one.
  return isOverNetwork && (anyOverNetwork === true || isIP(name) !== 0);
}
