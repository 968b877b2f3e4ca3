import { existsSync, readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { PipelineError } from '../../../core/errors.ts';
import type { OtlpSinkConfig } from '../config.ts';

/** How an OTLP receiver is reached. */
export interface EndpointOptions {
  readonly protocol: OtlpSinkConfig['protocol'];
  readonly url: URL;
  /** Host and port for gRPC. */
  readonly address: string;
  readonly isTls: boolean;
  /** Certificates in PEM that are trusted. */
  readonly authorities: readonly string[];
  /** May be secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly isCompressed: boolean;
  readonly maxRequestBytes: number;
  readonly maxRequests: number;
}

const defaultGrpcPort = '4317';

/** Where systems keep the certificates that they trust. */
const systemBundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

/**
 * How the settings say that the receiver is reached; undefined when they name none.
 *
 * @throws PipelineError CONFIG_INVALID, FILE_UNUSABLE
 */
export function endpointOptions(config: OtlpSinkConfig): EndpointOptions | undefined {
  const { endpoint, protocol, caFile } = config;
  if (endpoint === undefined) return undefined;
  const isTls = endpoint.startsWith('https:') || endpoint.startsWith('grpcs:');
  const text = endpoint.replace(/^grpc(s?):/, 'http$1:');
  if (!URL.canParse(text)) throw new PipelineError('CONFIG_INVALID', 'SPANLOOM_SINK_OTLP_ENDPOINT: must be a URL');
  const url = new URL(text);
  if (protocol === 'http/protobuf' && url.pathname === '/') url.pathname = '/v1/traces';
  return {
    protocol,
    url,
    address: grpcAddress(text, url),
    isTls,
    authorities: isTls ? authorities(caFile) : [],
    headers: parseHeaders(config.headers ?? ''),
    timeoutMs: config.timeout,
    isCompressed: config.compression === 'gzip',
    maxRequestBytes: config.maxRequestBytes,
    maxRequests: config.maxRequests,
  };
}

/** A URL object does not say whether the port of its scheme was given. */
function grpcAddress(text: string, url: URL): string {
  const given = /^[a-z]+:\/\/[^/]*:(\d+)(?:\/|$)/.exec(text);
  return `${url.hostname}:${given === null ? defaultGrpcPort : given[1]!}`;
}

function authorities(caFile: string | undefined): readonly string[] {
  const bundle = systemBundles.find((path) => existsSync(path));
  const ofSystem = bundle === undefined ? rootCertificates : [readFileSync(bundle, 'utf8')];
  if (caFile === undefined) return ofSystem;
  try {
    return [...ofSystem, readFileSync(caFile, 'utf8')];
  } catch (cause) {
    throw new PipelineError('FILE_UNUSABLE', `SPANLOOM_SINK_OTLP_CA_FILE: ${caFile} cannot be read`, { cause });
  }
}

/** `name=value,name=value`; a value is percent-encoded. The text was checked, and is not shown. */
function parseHeaders(text: string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    if (at < 0) continue;
    const value = decode(pair.slice(at + 1).trim());
    if (value === undefined || !/^[\t\x20-\x7e]*$/.test(value))
      throw new PipelineError('CONFIG_INVALID', 'SPANLOOM_SINK_OTLP_HEADERS: a value is no percent-encoded ASCII text');
    headers[pair.slice(0, at).trim().toLowerCase()] = value;
  }
  return headers;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
