/** Receivers of OTLP that are not ours, by gRPC and by HTTP, with the faults that a test asks for. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { decodeSpans, type ReceivedSpan } from '../../../opentelemetry/testing/otlp-messages.ts';

const definition = `
syntax = "proto3";
message Response { PartialSuccess partial_success = 1; }
message PartialSuccess { int64 rejected_spans = 1; string error_message = 2; }
message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
message Any { string type_url = 1; bytes value = 2; }
message RetryInfo { Duration retry_delay = 1; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
`;
const { root } = protobuf.parse(definition, { keepCase: false });

function encode(type: string, value: Readonly<Record<string, unknown>>): Buffer {
  const message = root.lookupType(type);
  return Buffer.from(message.encode(message.fromObject(value)).finish());
}

/** What becomes of one request. */
export type Fault =
  | { readonly kind: 'later'; readonly seconds?: number }
  | { readonly kind: 'refuse'; readonly words: string }
  | { readonly kind: 'unauthenticated' }
  | { readonly kind: 'partial'; readonly rejectedSpans: number; readonly words: string }
  /** The connection ends in the middle of the request. */
  | { readonly kind: 'cut' }
  /** No answer. */
  | { readonly kind: 'silent' };

/** Decides about a request by its spans; undefined accepts it. */
export type Decide = (spans: readonly ReceivedSpan[]) => Fault | undefined;

export interface Receiver {
  readonly port: number;
  /** Requests that were acknowledged. */
  readonly accepted: (readonly ReceivedSpan[])[];
  /** Headers of the last request, by name in lower case. */
  readonly headers: () => Readonly<Record<string, unknown>>;
  close(): Promise<void>;
}

export type Protocol = 'grpc' | 'http/protobuf';

/** Opens a receiver. @param port 0 for any */
export function openReceiver(protocol: Protocol, decide: Decide, port = 0): Promise<Receiver> {
  return protocol === 'grpc' ? openGrpc(decide, port) : openHttp(decide, port);
}

const partialBytes = (fault: Fault | undefined): Buffer =>
  fault?.kind === 'partial'
    ? encode('Response', { partialSuccess: { rejectedSpans: fault.rejectedSpans, errorMessage: fault.words } })
    : Buffer.alloc(0);

async function openHttp(decide: Decide, port: number): Promise<Receiver> {
  const accepted: (readonly ReceivedSpan[])[] = [];
  let headers: Readonly<Record<string, unknown>> = {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      ({ headers } = request);
      const sent = Buffer.concat(chunks);
      const spans = decodeSpans([headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent]);
      const fault = request.url === '/v1/traces' ? decide(spans) : { kind: 'refuse' as const, words: 'no such path' };
      switch (fault?.kind) {
        case 'later':
          response.writeHead(503, fault.seconds === undefined ? {} : { 'retry-after': String(fault.seconds) }).end();
          return;
        case 'refuse':
          response
            .writeHead(400, { 'content-type': 'application/x-protobuf' })
            .end(encode('Status', { code: 3, message: fault.words }));
          return;
        case 'unauthenticated':
          response.writeHead(401).end();
          return;
        case 'cut':
          request.socket.destroy();
          return;
        case 'silent':
          return;
        default:
          accepted.push(spans);
          response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(partialBytes(fault));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    accepted,
    headers: () => headers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const asTheyAre = (bytes: Buffer): Buffer => bytes;
const service = {
  Export: {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: asTheyAre,
    requestDeserialize: asTheyAre,
    responseSerialize: asTheyAre,
    responseDeserialize: asTheyAre,
  },
} as const;

function retryInfo(seconds: number): Buffer {
  const value = encode('RetryInfo', { retryDelay: { seconds } });
  return encode('Status', { code: 14, details: [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }] });
}

async function openGrpc(decide: Decide, port: number): Promise<Receiver> {
  const accepted: (readonly ReceivedSpan[])[] = [];
  let headers: Readonly<Record<string, unknown>> = {};
  const server = new Server();
  let bound = port;
  server.addService(service, {
    Export(
      call: { readonly request: Buffer; readonly metadata: Metadata },
      answer: (error: Readonly<Record<string, unknown>> | null, response?: Buffer) => void,
    ) {
      headers = call.metadata.getMap();
      const spans = decodeSpans([call.request]);
      const fault = decide(spans);
      switch (fault?.kind) {
        case 'later': {
          const metadata = new Metadata();
          if (fault.seconds !== undefined) metadata.set('grpc-status-details-bin', retryInfo(fault.seconds));
          answer({ code: status.UNAVAILABLE, details: 'busy', metadata });
          return;
        }
        case 'refuse':
          answer({ code: status.INVALID_ARGUMENT, details: fault.words });
          return;
        case 'unauthenticated':
          answer({ code: status.UNAUTHENTICATED, details: '' });
          return;
        case 'cut':
          server.drain(`127.0.0.1:${bound}`, 0);
          return;
        case 'silent':
          return;
        default:
          accepted.push(spans);
          answer(null, partialBytes(fault));
      }
    },
  });
  bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    ),
  );
  return {
    port: bound,
    accepted,
    headers: () => headers,
    close() {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
