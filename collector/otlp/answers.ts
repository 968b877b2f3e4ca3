/** What senders are answered: ExportTraceServiceResponse, and google.rpc.Status where a request is refused. */
import { ProtobufWriter } from '../../opentelemetry/protobuf-writer.ts';

/** What became of a request. */
export type Outcome =
  /** Its spans are stored. `message` says which were refused, empty for none. */
  | { readonly kind: 'stored'; readonly refused: number; readonly message: string }
  /** It is no OTLP. */
  | { readonly kind: 'malformed'; readonly message: string }
  /** Nothing of it was taken: too much is on its way, or the receiver ends. */
  | { readonly kind: 'busy'; readonly message: string };

/** When a sender that was refused may try again. */
export const retryAfterSeconds = 2;

/** Codes of google.rpc.Code. */
export const rpcCodes = { invalidArgument: 3, notFound: 5, resourceExhausted: 8, unavailable: 14 } as const;

const writer = new ProtobufWriter(256);

/** An ExportTraceServiceResponse in protobuf. */
export function exportResponse(refused: number, message: string): Buffer {
  writer.reset();
  if (refused > 0) {
    writer.writeByte(0x0a);
    const partial = writer.open(1);
    writer.writeByte(0x08);
    writer.writeVarint(refused);
    writer.writeByte(0x12);
    writer.writeText(message);
    writer.close(partial, 1);
  }
  return writer.take();
}

/** An ExportTraceServiceResponse in JSON. */
export function exportResponseJson(refused: number, message: string): string {
  return JSON.stringify(
    refused === 0 ? {} : { partialSuccess: { rejectedSpans: String(refused), errorMessage: message } },
  );
}

/** A google.rpc.Status in protobuf. @param retrySeconds adds a google.rpc.RetryInfo */
export function rpcStatus(code: number, message: string, retrySeconds?: number): Buffer {
  writer.reset();
  writer.writeByte(0x08);
  writer.writeVarint(code);
  writer.writeByte(0x12);
  writer.writeText(message);
  if (retrySeconds !== undefined) {
    writer.writeByte(0x1a);
    const any = writer.open(1);
    writer.writeByte(0x0a);
    writer.writeText('type.googleapis.com/google.rpc.RetryInfo');
    writer.writeByte(0x12);
    const info = writer.open(1);
    writer.writeByte(0x0a);
    const delay = writer.open(1);
    writer.writeByte(0x08);
    writer.writeVarint(retrySeconds);
    writer.close(delay, 1);
    writer.close(info, 1);
    writer.close(any, 1);
  }
  return writer.take();
}
