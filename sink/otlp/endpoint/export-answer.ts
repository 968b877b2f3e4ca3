/** What an OTLP receiver answers, whatever the protocol: by the OpenTelemetry protocol specification, "Failures". */
import { ProtobufError, ProtobufReader } from '../../../opentelemetry/protobuf-reader.ts';

export type ExportAnswer =
  | {
      readonly kind: 'stored';
      /** Spans that the receiver did not take, for good. */
      readonly rejectedSpans: number;
      readonly message: string;
    }
  | {
      readonly kind: 'later';
      readonly detail: string;
      /** How long it wants to be left alone, if it said so. */
      readonly afterMs?: number | undefined;
    }
  | {
      readonly kind: 'refused';
      readonly detail: string;
      /** True when another request to the same receiver may well be accepted. */
      readonly isAboutContent: boolean;
    };

/** Sends requests to one receiver. */
export interface Transport {
  /** Never rejects: what fails is an answer. */
  send(body: Buffer): Promise<ExportAnswer>;
  /** Connects anew at the next request. */
  reset(): void;
  close(): void;
}

/** Longest text of a receiver that is kept. */
const maxDetail = 1_000;
/** A receiver that names a longer time is asked after this one. */
const maxAfterMs = 3_600_000;

export const shortened = (text: string): string => text.trim().slice(0, maxDetail);
export const boundedMs = (milliseconds: number): number => Math.min(maxAfterMs, Math.max(0, milliseconds));

/** Reads the fields of a message; what is no protobuf has none. */
function read(bytes: Uint8Array, field: (reader: ProtobufReader) => boolean): void {
  const reader = new ProtobufReader(bytes);
  try {
    while (reader.next()) if (!field(reader)) reader.skip();
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
  }
}

/** ExportTraceServiceResponse { partial_success = 1 { rejected_spans = 1, error_message = 2 } }. */
export function readExportResponse(bytes: Uint8Array): ExportAnswer {
  let rejectedSpans = 0;
  let message = '';
  read(bytes, (response) => {
    if (response.field !== 1 || response.wireType !== 2) return false;
    read(response.readBytes(), (partial) => {
      if (partial.field === 1 && partial.wireType === 0) rejectedSpans = Number(partial.readInt64());
      else if (partial.field === 2 && partial.wireType === 2) message = shortened(partial.readText());
      else return false;
      return true;
    });
    return true;
  });
  return { kind: 'stored', rejectedSpans: Math.max(0, rejectedSpans), message };
}

/** What google.rpc.Status says: its message, and the delay of a RetryInfo among its details. */
export interface RpcStatus {
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

/** Status { message = 2, details = 3 { type_url = 1, value = 2 } }, RetryInfo { retry_delay = 1 { seconds = 1, nanos = 2 } }. */
export function readRpcStatus(bytes: Uint8Array): RpcStatus {
  let message = '';
  let retryAfterMs: number | undefined;
  read(bytes, (status) => {
    if (status.wireType !== 2 || (status.field !== 2 && status.field !== 3)) return false;
    if (status.field === 2) message = shortened(status.readText());
    else retryAfterMs = retryDelay(status.readBytes()) ?? retryAfterMs;
    return true;
  });
  return { message, retryAfterMs };
}

function retryDelay(detail: Buffer): number | undefined {
  let type = '';
  let value: Buffer | undefined;
  read(detail, (any) => {
    if (any.wireType !== 2 || any.field > 2) return false;
    if (any.field === 1) type = any.readText();
    else value = any.readBytes();
    return true;
  });
  if (!type.endsWith('/google.rpc.RetryInfo')) return undefined;
  let milliseconds = 0;
  read(value ?? Buffer.alloc(0), (info) => {
    if (info.field !== 1 || info.wireType !== 2) return false;
    read(info.readBytes(), (duration) => {
      if (duration.wireType !== 0 || duration.field > 2) return false;
      milliseconds += Number(duration.readInt64()) * (duration.field === 1 ? 1_000 : 1e-6);
      return true;
    });
    return true;
  });
  return boundedMs(milliseconds);
}
