/**
 * What the attributes of a reported span say of it, in the words of our spans: OpenTelemetry's stable conventions first, else the
 * older ones, which many programs still follow.
 */
import type { Transport } from '../schemas/generated/event-batch.ts';
import type { Protocol } from '../schemas/generated/span.ts';
import { addressOfText } from './address-bytes.ts';
import type { AttributePicker } from './attribute-picker.ts';
import { splitHostAndPort } from './host-and-port.ts';

/** The attributes that are looked at. */
export const spanAttributes = {
  clientAddress: 'client.address',
  clientPort: 'client.port',
  dbCollection: 'db.collection.name',
  dbName: 'db.name',
  dbNamespace: 'db.namespace',
  dbOperation: 'db.operation',
  dbOperationName: 'db.operation.name',
  dbQuery: 'db.query.text',
  dbStatement: 'db.statement',
  dbStatusCode: 'db.response.status_code',
  dbSystem: 'db.system',
  dbSystemName: 'db.system.name',
  dnsQuestion: 'dns.question.name',
  httpClientIp: 'http.client_ip',
  httpFlavor: 'http.flavor',
  httpHost: 'http.host',
  httpMethod: 'http.method',
  httpRequestMethod: 'http.request.method',
  httpRequestMethodOriginal: 'http.request.method_original',
  httpResponseStatusCode: 'http.response.status_code',
  httpRoute: 'http.route',
  httpStatusCode: 'http.status_code',
  httpTarget: 'http.target',
  httpUrl: 'http.url',
  httpUserAgent: 'http.user_agent',
  messagingDestination: 'messaging.destination.name',
  messagingOldDestination: 'messaging.destination',
  messagingOldOperation: 'messaging.operation',
  messagingOperation: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  netHostName: 'net.host.name',
  netHostPort: 'net.host.port',
  netPeerIp: 'net.peer.ip',
  netPeerName: 'net.peer.name',
  netPeerPort: 'net.peer.port',
  netProtocolVersion: 'net.protocol.version',
  netSockPeerAddress: 'net.sock.peer.addr',
  netSockPeerPort: 'net.sock.peer.port',
  netTransport: 'net.transport',
  localAddress: 'network.local.address',
  localPort: 'network.local.port',
  peerAddress: 'network.peer.address',
  peerPort: 'network.peer.port',
  protocolVersion: 'network.protocol.version',
  rpcMethod: 'rpc.method',
  rpcService: 'rpc.service',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  transport: 'network.transport',
  urlFull: 'url.full',
  urlPath: 'url.path',
  urlQuery: 'url.query',
  userAgent: 'user_agent.original',
} as const;

/** The attributes of one span. */
export type SpanAttributes = AttributePicker<keyof typeof spanAttributes>;

/** Bounds of texts in bytes: about what is seen of the same on the network. */
export const textBytes = { name: 256, type: 64, domain: 256, resource: 1024, exception: 256, userAgent: 256 } as const;

const maxPort = 65_535;
const maxHttpStatus = 599;
const maxCode = 0x7fffffff;
const addressCharacters = 64;

/** What a span asked for and what came of it. */
export interface RequestFacts {
  readonly protocol: Protocol;
  readonly requestType: string;
  readonly requestDomain: string;
  readonly requestResource: string;
  readonly responseCode: number;
  readonly userAgent: string;
  readonly transport: Transport;
  /** 0 where there is none. */
  readonly httpStatus: number;
}

const databases: Readonly<Record<string, Protocol | undefined>> = Object.assign(
  Object.create(null) as object,
  {
    mysql: 'mysql',
    mariadb: 'mysql',
    postgresql: 'postgresql',
    redis: 'redis',
    memcached: 'memcached',
  } as const,
);

const transports: Readonly<Record<string, Transport | undefined>> = Object.assign(
  Object.create(null) as object,
  {
    tcp: 'tcp',
    udp: 'udp',
    unix: 'unix',
    ip_tcp: 'tcp',
    ip_udp: 'udp',
  } as const,
);

/** What the attributes say of the request. */
export function requestFacts(of: SpanAttributes): RequestFacts {
  const name = of.text('transport', textBytes.type) || of.text('netTransport', textBytes.type);
  const transport = (name === '' ? undefined : transports[name]) ?? 'unknown';
  const system = of.text('dbSystemName', textBytes.type) || of.text('dbSystem', textBytes.type);
  // Of a database that is asked over HTTP both groups are there.
  if (system !== '') return { ...databaseFacts(of, system), transport };
  const method = methodOf(of);
  if (method !== '') return { ...httpFacts(of, method), transport };
  const question = of.text('dnsQuestion', textBytes.resource);
  const httpStatus = httpStatusOf(of);
  const rest = { transport, httpStatus, responseCode: httpStatus, userAgent: userAgentOf(of) };
  const requestDomain = serverName(of);
  if (question !== '') return { ...rest, protocol: 'dns', requestType: '', requestDomain, requestResource: question };
  const requestType =
    of.text('rpcMethod', textBytes.type) ||
    of.text('messagingOperation', textBytes.type) ||
    of.text('messagingOperationType', textBytes.type) ||
    of.text('messagingOldOperation', textBytes.type);
  const requestResource =
    of.text('rpcService', textBytes.resource) ||
    of.text('messagingDestination', textBytes.resource) ||
    of.text('messagingOldDestination', textBytes.resource) ||
    httpResource(of);
  return { ...rest, protocol: 'unknown', requestType, requestDomain, requestResource };
}

type FactsBesideTransport = Omit<RequestFacts, 'transport'>;

function httpFacts(of: SpanAttributes, method: string): FactsBesideTransport {
  const version =
    of.textOrInteger('protocolVersion', textBytes.type) ||
    of.textOrInteger('netProtocolVersion', textBytes.type) ||
    of.textOrInteger('httpFlavor', textBytes.type);
  const httpStatus = httpStatusOf(of);
  return {
    protocol: version.startsWith('1') ? 'http1' : 'unknown',
    requestType: method,
    requestDomain: serverName(of) || hostOfUrl(of),
    requestResource: httpResource(of),
    responseCode: httpStatus,
    userAgent: userAgentOf(of),
    httpStatus,
  };
}

/** A method that is not known to the library stands beside `_OTHER`. */
function methodOf(of: SpanAttributes): string {
  const method = of.text('httpRequestMethod', textBytes.type) || of.text('httpMethod', textBytes.type);
  return (method === '_OTHER' && of.text('httpRequestMethodOriginal', textBytes.type)) || method;
}

function databaseFacts(of: SpanAttributes, system: string): FactsBesideTransport {
  const httpStatus = httpStatusOf(of);
  return {
    protocol: databases[system] ?? 'unknown',
    requestType: of.text('dbOperationName', textBytes.type) || of.text('dbOperation', textBytes.type) || methodOf(of),
    requestDomain: of.textOrInteger('dbNamespace', textBytes.domain) || of.textOrInteger('dbName', textBytes.domain),
    requestResource:
      of.text('dbQuery', textBytes.resource) ||
      of.text('dbStatement', textBytes.resource) ||
      of.text('dbCollection', textBytes.resource) ||
      httpResource(of),
    responseCode: of.number('dbStatusCode', maxCode) || httpStatus,
    userAgent: userAgentOf(of),
    httpStatus,
  };
}

const httpStatusOf = (of: SpanAttributes): number =>
  of.number('httpResponseStatusCode', maxHttpStatus) || of.number('httpStatusCode', maxHttpStatus);

const userAgentOf = (of: SpanAttributes): string =>
  of.text('userAgent', textBytes.userAgent) || of.text('httpUserAgent', textBytes.userAgent);

/** Path and query, wherever they stand; else the route. */
function httpResource(of: SpanAttributes): string {
  const path = of.text('urlPath', textBytes.resource);
  if (path !== '') {
    const query = of.text('urlQuery', textBytes.resource);
    return (query === '' ? path : `${path}?${query}`).slice(0, textBytes.resource);
  }
  const url = of.text('urlFull', textBytes.resource);
  if (url !== '') return pathOfUrl(url);
  const target = of.text('httpTarget', textBytes.resource);
  if (target !== '') return target;
  const oldUrl = of.text('httpUrl', textBytes.resource);
  return oldUrl === '' ? of.text('httpRoute', textBytes.resource) : pathOfUrl(oldUrl);
}

/** The name of the server that was asked, as the program has it. */
function serverName(of: SpanAttributes): string {
  return (
    of.text('serverAddress', textBytes.domain) ||
    of.text('httpHost', textBytes.domain) ||
    of.text('netPeerName', textBytes.domain) ||
    of.text('netHostName', textBytes.domain)
  );
}

function hostOfUrl(of: SpanAttributes): string {
  const url = of.text('urlFull', textBytes.resource) || of.text('httpUrl', textBytes.resource);
  const start = url.indexOf('://') + 3;
  if (start < 3) return '';
  const authority = url.slice(start, authorityEnd(url, start));
  return splitHostAndPort(authority.slice(authority.lastIndexOf('@') + 1)).host.slice(0, textBytes.domain);
}

function pathOfUrl(url: string): string {
  const scheme = url.indexOf('://');
  if (scheme < 0) return url;
  const end = authorityEnd(url, scheme + 3);
  return url[end] === '/' ? url.slice(end) : `/${url.slice(end)}`;
}

function authorityEnd(url: string, start: number): number {
  for (let index = start; index < url.length; index++)
    if (url[index] === '/' || url[index] === '?' || url[index] === '#') return index;
  return url.length;
}

/** An end of a call, as far as it is known: no address, and port 0. */
export interface ReportedEnd {
  readonly address: Uint8Array;
  readonly port: number;
}

/** The other end of the call of a span. */
export function peerEnd(of: SpanAttributes, isServer: boolean): ReportedEnd {
  const address =
    firstAddress(of, 'peerAddress', 'netSockPeerAddress', 'netPeerIp') ??
    (isServer ? firstAddress(of, 'clientAddress', 'httpClientIp') : firstAddress(of, 'serverAddress', 'netPeerName')) ??
    noAddress;
  const port =
    of.number('peerPort', maxPort) ||
    of.number('netSockPeerPort', maxPort) ||
    of.number(isServer ? 'clientPort' : 'serverPort', maxPort) ||
    of.number('netPeerPort', maxPort);
  return { address, port };
}

/** The program's own end of the call of a span. */
export function ownEnd(of: SpanAttributes, isServer: boolean): ReportedEnd {
  const port = of.number('localPort', maxPort);
  return {
    address: firstAddress(of, 'localAddress') ?? noAddress,
    port: port === 0 && isServer ? of.number('serverPort', maxPort) || of.number('netHostPort', maxPort) : port,
  };
}

const noAddress: Uint8Array = Buffer.alloc(0);

function firstAddress(of: SpanAttributes, ...names: readonly (keyof typeof spanAttributes)[]): Uint8Array | undefined {
  for (const name of names) {
    const address = addressOfText(of.text(name, addressCharacters));
    if (address.length > 0) return address;
  }
  return undefined;
}
