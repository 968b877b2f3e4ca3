import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { EndpointOptions } from './endpoint-options.ts';
import { type ExportAnswer, readExportResponse, readRpcStatus, shortened, type Transport } from './export-answer.ts';

const method = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const asTheyAre = (bytes: Buffer): Buffer => bytes;

/** By the specification, without RESOURCE_EXHAUSTED, which is retryable if the receiver says when. */
const retryableCodes: ReadonlySet<status> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);
/** Codes that say nothing about the spans of a request. */
const codesOfEndpoint: ReadonlySet<status> = new Set([
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.UNIMPLEMENTED,
  status.NOT_FOUND,
]);

/** OTLP over gRPC. */
export function grpcTransport(options: EndpointOptions): Transport {
  const { address, isTls, authorities, timeoutMs, isCompressed } = options;
  const channel = isTls ? credentials.createSsl(Buffer.from(authorities.join('\n'))) : credentials.createInsecure();
  const newClient = (): Client =>
    new Client(address, channel, {
      'grpc.default_compression_algorithm': isCompressed ? 2 : 0,
      // A client made anew connects at once: the pauses are those of the stage's retries.
      'grpc.use_local_subchannel_pool': 1,
    });
  let client = newClient();
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(options.headers)) metadata.set(name, value);
  return {
    send: (body) =>
      new Promise((resolve) => {
        client.makeUnaryRequest<Buffer, Buffer>(
          method,
          asTheyAre,
          asTheyAre,
          body,
          metadata.clone(),
          { deadline: Date.now() + timeoutMs },
          (error, response) => {
            resolve(error === null ? readExportResponse(response ?? Buffer.alloc(0)) : answerOf(error));
          },
        );
      }),
    reset() {
      client.close();
      client = newClient();
    },
    close() {
      client.close();
    },
  };
}

function answerOf({ code, details, metadata }: ServiceError): ExportAnswer {
  const [rich] = metadata.get('grpc-status-details-bin');
  const { retryAfterMs: afterMs } = readRpcStatus(Buffer.isBuffer(rich) ? rich : Buffer.alloc(0));
  const detail = `${status[code]}: ${shortened(details)}`;
  // A stream that was cut is no word of the receiver.
  const isCut = code === status.INTERNAL && details.startsWith('Received RST_STREAM');
  const isRetryable =
    retryableCodes.has(code) || isCut || (code === status.RESOURCE_EXHAUSTED && afterMs !== undefined);
  if (isRetryable) return { kind: 'later', detail, afterMs };
  return { kind: 'refused', detail, isAboutContent: !codesOfEndpoint.has(code) };
}
