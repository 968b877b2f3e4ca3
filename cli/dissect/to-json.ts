import { addressText, type JsonValue } from '../../schemas/trace-json.ts';
import type { FlowMessage } from './message-dissection.ts';

/** A message as JSON: what is not known is absent. Times are decimal strings of nanoseconds. */
export function messageToJson(message: FlowMessage): Readonly<Record<string, JsonValue>> {
  const { headers, kind, status } = message;
  const fields = {
    time_ns: String(message.timeNs),
    protocol: message.protocol,
    version: message.version,
    kind,
    request_type: message.requestType,
    domain: message.domain,
    resource: message.resource,
    endpoint: message.endpoint,
    request_id: message.requestId,
    status: status === 'unknown' ? '' : status,
    response_code: message.responseCode,
    exception: message.exception,
    x_request_id: headers.xRequestId,
    trace_id: headers.traceId,
    span_id: headers.spanId,
    request_bytes: kind === 'request' ? message.bytes : 0,
    response_bytes: kind === 'response' ? message.bytes : 0,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '' && value !== 0));
}

/** Any record as JSON, with names as schemas/avro has them; addresses are text, bigints decimal strings. */
export function recordToJson(value: unknown): JsonValue {
  if (value instanceof Uint8Array) return addressText(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(recordToJson);
  if (typeof value !== 'object' || value === null) return value as JsonValue;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      recordToJson(field),
    ]),
  );
}
