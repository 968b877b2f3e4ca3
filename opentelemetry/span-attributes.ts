/**
 * Attributes of a span: OpenTelemetry's stable conventions for HTTP, databases and the network, and what they have no name
 * for, our evidence above all, under `spanloom.`. The view otel_traces has the same, and in addition what docs/interop.md
 * lists: statements with their literals, dns.answers.
 */
import type { Span } from '../schemas/generated/span.ts';
import type { PointKind } from '../schemas/observation-points.ts';
import { conventionsOf } from '../protocols/conventions.ts';
import type { SemanticConventions } from '../protocols/protocol-definition.ts';
import { cachedAddressText } from './address-texts.ts';
import { attributeKey, type Attributes } from './attributes.ts';
import { splitHostAndPort } from './host-and-port.ts';
import type { OtelTrace } from './otel-span.ts';
import { querySummary } from './query-summary.ts';
import { httpMethods } from './span-name.ts';
import type { StatusCode } from './span-status.ts';

const keys = {
  clientAddress: attributeKey('client.address'),
  clientPort: attributeKey('client.port'),
  dbNamespace: attributeKey('db.namespace'),
  dbOperation: attributeKey('db.operation.name'),
  dbStatusCode: attributeKey('db.response.status_code'),
  dbSummary: attributeKey('db.query.summary'),
  dbSystem: attributeKey('db.system.name'),
  dbText: attributeKey('db.query.text'),
  dnsQuestion: attributeKey('dns.question.name'),
  errorType: attributeKey('error.type'),
  httpMethod: attributeKey('http.request.method'),
  httpMethodOriginal: attributeKey('http.request.method_original'),
  httpStatusCode: attributeKey('http.response.status_code'),
  peerAddress: attributeKey('network.peer.address'),
  peerPort: attributeKey('network.peer.port'),
  protocolName: attributeKey('network.protocol.name'),
  protocolVersion: attributeKey('network.protocol.version'),
  serverAddress: attributeKey('server.address'),
  serverPort: attributeKey('server.port'),
  threadId: attributeKey('thread.id'),
  traceId: attributeKey('spanloom.trace_id'),
  transport: attributeKey('network.transport'),
  urlFull: attributeKey('url.full'),
  urlPath: attributeKey('url.path'),
  urlQuery: attributeKey('url.query'),
  urlScheme: attributeKey('url.scheme'),
  urlTemplate: attributeKey('url.template'),
  userAgent: attributeKey('user_agent.original'),
  confidence: attributeKey('spanloom.confidence'),
  forwardedFor: attributeKey('spanloom.forwarded_for'),
  headerSpanId: attributeKey('spanloom.header.span_id'),
  headerTraceId: attributeKey('spanloom.header.trace_id'),
  networkNamespace: attributeKey('spanloom.network_namespace'),
  observationPoint: attributeKey('spanloom.observation_point'),
  reason: attributeKey('spanloom.reason'),
  requestBytes: attributeKey('spanloom.request.bytes'),
  requestSequence: attributeKey('spanloom.request.tcp_sequence'),
  responseBytes: attributeKey('spanloom.response.bytes'),
  responseResult: attributeKey('spanloom.response.result'),
  responseSequence: attributeKey('spanloom.response.tcp_sequence'),
  revision: attributeKey('spanloom.revision'),
  signalSource: attributeKey('spanloom.signal_source'),
  socketId: attributeKey('spanloom.socket.id'),
  timeToFirstByte: attributeKey('spanloom.time_to_first_byte_ns'),
  status: attributeKey('spanloom.status'),
  xRequestId: attributeKey('spanloom.x_request_id'),
} as const;

type DatabaseConventions = Extract<SemanticConventions, { readonly group: 'database' }>;

/** Parameters of a query whose values the conventions for url.full and url.query have replaced. */
const secretParameters = /([?&](?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&]+/g;

/** Writes all attributes of a span. */
export function writeSpanAttributes(
  attributes: Attributes,
  span: Span,
  kind: PointKind,
  status: StatusCode,
  trace: Pick<OtelTrace, 'storedTraceId' | 'revision'>,
): void {
  const conventions = conventionsOf(span.protocol);
  writeNetwork(attributes, span, kind);
  switch (conventions?.group) {
    case 'http':
      writeHttp(attributes, span, kind);
      break;
    case 'database':
      writeDatabase(attributes, span, kind, conventions);
      break;
    case 'dns':
      attributes.text(keys.dnsQuestion, span.requestResource || span.requestDomain);
      writeServer(attributes, span, '');
      break;
    default:
      writeServer(attributes, span, '');
  }
  if (status === 'error') attributes.text(keys.errorType, errorType(span, conventions));
  writeEvidence(attributes, span, trace);
}

/** Names of what {@link writeReportedEvidence} writes: an attribute of the application under one of them gives way. */
export const reportedEvidenceNames: ReadonlySet<string> = new Set(
  [keys.observationPoint, keys.reason, keys.confidence, keys.revision, keys.traceId, keys.headerTraceId].map(
    ({ name }) => name,
  ),
);

/** Writes what we know of a reported span in addition to what it says of itself. */
export function writeReportedEvidence(attributes: Attributes, span: Span, trace: OtelTrace): void {
  attributes.text(keys.observationPoint, span.observationPoint);
  attributes.text(keys.reason, span.reason);
  if (span.confidence > 0) attributes.double(keys.confidence, span.confidence);
  attributes.integer(keys.revision, trace.revision);
  attributes.text(keys.traceId, trace.storedTraceId);
  if (span.headerTraceId !== trace.otelTraceId) attributes.text(keys.headerTraceId, span.headerTraceId);
}

function writeNetwork(attributes: Attributes, span: Span, kind: PointKind): void {
  if (span.transport !== 'unknown') attributes.text(keys.transport, span.transport);
  if (span.protocol !== 'unknown')
    attributes.text(keys.protocolName, span.protocol === 'http1' ? 'http' : span.protocol);
  attributes.text(keys.protocolVersion, span.protocolVersion);
  if (kind === 'internal') return;
  const peer = kind === 'client' ? span.server : span.client;
  const peerAddress = cachedAddressText(peer.address);
  if (peerAddress === '') return;
  attributes.text(keys.peerAddress, peerAddress);
  attributes.integerUnlessZero(keys.peerPort, peer.port);
}

/** @param asked the name that the client asked for, with or without a port; empty when it named none */
function writeServer(attributes: Attributes, { server }: Span, asked: string): void {
  const { host, port } = splitHostAndPort(asked);
  const address = host || cachedAddressText(server.address);
  if (address === '') return;
  attributes.text(keys.serverAddress, address);
  attributes.integerUnlessZero(keys.serverPort, port || server.port);
}

/** As seen from a server: who asked first, when a proxy says so, else who is at the other end. */
function writeClient(attributes: Attributes, { forwardedFor, client }: Span): void {
  const comma = forwardedFor.indexOf(',');
  const first = (comma < 0 ? forwardedFor : forwardedFor.slice(0, comma)).trim();
  if (first !== '') attributes.text(keys.clientAddress, first);
  else {
    const address = cachedAddressText(client.address);
    if (address === '') return;
    attributes.text(keys.clientAddress, address);
    attributes.integerUnlessZero(keys.clientPort, client.port);
  }
}

function writeHttp(attributes: Attributes, span: Span, kind: PointKind): void {
  const { requestType, requestDomain, requestResource } = span;
  if (requestType !== '') {
    const isKnown = httpMethods.has(requestType);
    attributes.text(keys.httpMethod, isKnown ? requestType : '_OTHER');
    if (!isKnown) attributes.text(keys.httpMethodOriginal, requestType);
  }
  attributes.integerUnlessZero(keys.httpStatusCode, span.responseCode);
  const scheme = span.isTls ? 'https' : 'http';
  attributes.text(keys.urlScheme, scheme);
  const queryAt = requestResource.indexOf('?');
  const target = queryAt < 0 ? requestResource : requestResource.replaceAll(secretParameters, '$1REDACTED');
  attributes.text(keys.urlPath, queryAt < 0 ? target : target.slice(0, queryAt));
  if (queryAt >= 0) attributes.text(keys.urlQuery, target.slice(queryAt + 1));
  if (kind === 'client' && requestDomain !== '' && target.startsWith('/'))
    attributes.text(keys.urlFull, `${scheme}://${requestDomain}${target}`);
  // Made from the path: it is no route of the application, which alone http.route may carry.
  attributes.text(keys.urlTemplate, span.endpoint);
  attributes.text(keys.userAgent, span.userAgent);
  writeServer(attributes, span, requestDomain);
  if (kind === 'server') writeClient(attributes, span);
}

function writeDatabase(attributes: Attributes, span: Span, kind: PointKind, conventions: DatabaseConventions): void {
  const { protocol, endpoint } = span;
  attributes.text(keys.dbSystem, protocol);
  attributes.text(keys.dbNamespace, span.requestDomain);
  attributes.text(keys.dbOperation, span.requestType);
  if (conventions.hasStatements) {
    attributes.text(keys.dbSummary, querySummary(endpoint));
    // The statement without its literals: the one with them stays in spanloom.
    attributes.text(keys.dbText, endpoint);
  }
  attributes.text(keys.dbStatusCode, databaseCode(span, conventions));
  writeServer(attributes, span, '');
  if (kind === 'server') writeClient(attributes, span);
}

/** The number of an error, else the code that its text carries. */
function databaseCode({ responseCode, responseException }: Span, { codeOfError }: DatabaseConventions): string {
  if (responseCode !== 0) return String(responseCode);
  return responseException === '' ? '' : (codeOfError?.(responseException) ?? '');
}

/** The protocol's own code where it has one, else what became of the request. */
function errorType(span: Span, conventions: SemanticConventions | undefined): string {
  const { status, responseCode, responseException } = span;
  if (status === 'timeout' || status === 'closed') return status;
  switch (conventions?.group) {
    case 'http':
      return responseCode === 0 ? status : String(responseCode);
    case 'database':
      return databaseCode(span, conventions) || status;
    case 'dns':
      return responseException || status;
    default:
      return status;
  }
}

function writeEvidence(
  attributes: Attributes,
  span: Span,
  { storedTraceId, revision }: Pick<OtelTrace, 'storedTraceId' | 'revision'>,
): void {
  attributes.text(keys.observationPoint, span.observationPoint);
  attributes.text(keys.reason, span.reason);
  if (span.confidence > 0) attributes.double(keys.confidence, span.confidence);
  attributes.integer(keys.revision, revision);
  attributes.text(keys.traceId, storedTraceId);
  attributes.text(keys.status, span.status);
  attributes.text(keys.signalSource, span.signalSource);
  attributes.integerUnlessZero(keys.requestSequence, span.requestTcpSequence);
  attributes.integerUnlessZero(keys.responseSequence, span.responseTcpSequence);
  attributes.integerUnlessZero(keys.socketId, span.socketId);
  attributes.integerUnlessZero(keys.networkNamespace, span.networkNamespace);
  attributes.integerUnlessZero(keys.threadId, span.requestThreadId);
  attributes.integerUnlessZero(keys.requestBytes, span.requestBytes);
  attributes.integerUnlessZero(keys.responseBytes, span.responseBytes);
  attributes.integerUnlessZero(keys.timeToFirstByte, span.timeToFirstByteNs);
  attributes.text(keys.responseResult, span.responseResult);
  attributes.text(keys.headerTraceId, span.headerTraceId);
  attributes.text(keys.headerSpanId, span.headerSpanId);
  attributes.text(keys.xRequestId, span.xRequestIdRequest || span.xRequestIdResponse);
  attributes.text(keys.forwardedFor, span.forwardedFor);
}
