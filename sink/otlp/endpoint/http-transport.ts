import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { EndpointOptions } from './endpoint-options.ts';
import {
  boundedMs,
  type ExportAnswer,
  readExportResponse,
  readRpcStatus,
  shortened,
  type Transport,
} from './export-answer.ts';

const compress = promisify(gzip);
/** What is read of an answer. */
const maxAnswerBytes = 64 * 1024;
/** By the specification; every other code that is no success is final. */
const retryableCodes: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Codes that say nothing about the spans of a request. */
const codesOfEndpoint: ReadonlySet<number> = new Set([401, 403, 404, 405, 407]);

/** OTLP over HTTP. @param now milliseconds since the Unix epoch, for a Retry-After that is a date */
export function httpTransport(options: EndpointOptions, now: () => number = Date.now): Transport {
  const { url, isTls, authorities, timeoutMs, isCompressed, maxRequests } = options;
  const newAgent = (): HttpAgent =>
    isTls
      ? new HttpsAgent({ keepAlive: true, maxSockets: maxRequests, ca: [...authorities] })
      : new HttpAgent({ keepAlive: true, maxSockets: maxRequests });
  let agent = newAgent();
  const headers = {
    ...options.headers,
    'content-type': 'application/x-protobuf',
    'user-agent': 'spanloom',
    ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
  };
  const post = (body: Buffer): Promise<ExportAnswer> =>
    new Promise((resolve) => {
      const later = (error: Error): void => resolve({ kind: 'later', detail: shortened(error.message) });
      const request = (isTls ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        agent,
        headers: { ...headers, 'content-length': body.length },
        signal: AbortSignal.timeout(timeoutMs),
      });
      request.on('error', later);
      request.on('response', (response) => {
        response.on('error', later);
        readAnswer(response).then((bytes) => resolve(answerOf(response, bytes, now())), later);
      });
      request.end(body);
    });
  return {
    async send(body) {
      return post(isCompressed ? await compress(body, { level: 1 }) : body);
    },
    reset() {
      agent.destroy();
      agent = newAgent();
    },
    close() {
      agent.destroy();
    },
  };
}

async function readAnswer(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (bytes < maxAnswerBytes) chunks.push(chunk);
    bytes += chunk.length;
  }
  return Buffer.concat(chunks).subarray(0, maxAnswerBytes);
}

function answerOf({ statusCode = 0, headers }: IncomingMessage, bytes: Buffer, nowMs: number): ExportAnswer {
  if (statusCode >= 200 && statusCode < 300) return readExportResponse(bytes);
  const isProtobuf = (headers['content-type'] ?? '').startsWith('application/x-protobuf');
  const words = isProtobuf ? readRpcStatus(bytes).message : shortened(bytes.toString());
  const detail = `HTTP ${statusCode}${words === '' ? '' : `: ${words}`}`;
  if (retryableCodes.has(statusCode))
    return { kind: 'later', detail, afterMs: retryAfter(headers['retry-after'], nowMs) };
  const isAboutContent = statusCode >= 400 && !codesOfEndpoint.has(statusCode);
  return { kind: 'refused', detail, isAboutContent };
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
function retryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = /^\d+$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isFinite(milliseconds) ? boundedMs(milliseconds) : undefined;
}
