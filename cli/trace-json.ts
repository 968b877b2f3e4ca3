import type { Trace } from '../schemas/generated/trace.ts';

/** A value as JSON has it, with whole numbers of any size. */
export type JsonValue =
  string | number | bigint | boolean | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** A trace record with the names of its schema, and with the name of the service on each span. */
export function traceToJson(trace: Trace, serviceNameOf: (span: Trace['spans'][number]) => string): JsonValue {
  const record = toJson(trace) as Readonly<Record<string, JsonValue>>;
  const spans = trace.spans.map((span) => ({
    ...(toJson(span) as Readonly<Record<string, JsonValue>>),
    service_name: serviceNameOf(span),
  }));
  return { ...record, spans };
}

function toJson(value: unknown): JsonValue {
  if (value instanceof Uint8Array) return addressText(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [snakeCase(name), toJson(field)]));
  }
  return value as JsonValue;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

/** An IP address as text; empty when there is none. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return '';
  if (mappedPrefix.equals(bytes.subarray(0, 12))) return bytes.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((bytes[index * 2]! << 8) | bytes[index * 2 + 1]!).toString(16),
  );
  // The URL parser shortens IPv6 addresses as RFC 5952 wants.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** JSON text; bigints as plain numbers with all their digits. */
export function jsonText(value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => jsonText(item as JsonValue)).join(',')}]`;
  if (typeof value === 'object') {
    const fields = Object.entries(value).map(
      ([name, field]) => `${JSON.stringify(name)}:${jsonText(field as JsonValue)}`,
    );
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** The text of a file of traces: `{"traces":[…]}`, a trace a line, by start and id. */
export function traceFileText(
  traces: readonly Trace[],
  serviceNameOf: (span: Trace['spans'][number]) => string,
): string {
  const sorted = traces.toSorted(
    (left, right) =>
      (left.startTimeNs < right.startTimeNs ? -1 : left.startTimeNs > right.startTimeNs ? 1 : 0) ||
      (left.traceId < right.traceId ? -1 : 1),
  );
  const lines = sorted.map((trace) => jsonText(traceToJson(trace, serviceNameOf)));
  return `{"traces":[\n${lines.join(',\n')}\n]}\n`;
}
