import { otlpType } from './otlp-messages.ts';

/** A value of an attribute; a number is a whole one. */
export type TestValue = string | number | boolean | { readonly doubleValue: number };

/** A span as a program sends it, for tests: ids in hexadecimal digits, times in nanoseconds. */
export interface TestSpan {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startNs?: bigint;
  readonly endNs?: bigint;
  readonly attributes?: Readonly<Record<string, TestValue>>;
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly events?: readonly { readonly name: string; readonly attributes?: Readonly<Record<string, TestValue>> }[];
}

/** A ResourceSpans for tests. */
export interface TestReport {
  readonly resource?: Readonly<Record<string, TestValue>>;
  readonly scope?: string;
  readonly spans: readonly TestSpan[];
}

const resourceSpans = otlpType('ResourceSpans');
export const testTraceId = '0af7651916cd43dd8448eb211c80319c';

/** The bytes of a ResourceSpans, written by protobufjs. */
export function reportedMessage({ resource = {}, scope = 'test', spans }: TestReport): Buffer {
  const message = {
    resource: { attributes: attributesOf(resource) },
    scopeSpans: [{ scope: { name: scope, version: '1' }, spans: spans.map(spanOf), schemaUrl: 'https://scope' }],
    schemaUrl: 'https://resource',
  };
  return Buffer.from(resourceSpans.encode(resourceSpans.fromObject(message)).finish());
}

function spanOf(span: TestSpan): object {
  const { traceId = testTraceId, spanId = 'b7ad6b7169203331', parentSpanId = '' } = span;
  return {
    traceId: Buffer.from(traceId, 'hex'),
    spanId: Buffer.from(spanId, 'hex'),
    parentSpanId: Buffer.from(parentSpanId, 'hex'),
    name: span.name ?? 'work',
    kind: span.kind ?? 1,
    startTimeUnixNano: String(span.startNs ?? 1_700_000_000_000_000_000n),
    endTimeUnixNano: String(span.endNs ?? 1_700_000_000_001_000_000n),
    attributes: attributesOf(span.attributes ?? {}),
    events: (span.events ?? []).map(({ name, attributes = {} }) => ({ name, attributes: attributesOf(attributes) })),
    ...(span.status === undefined ? {} : { status: span.status }),
  };
}

const attributesOf = (attributes: Readonly<Record<string, TestValue>>): readonly object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));

function valueOf(value: TestValue): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return typeof value === 'number' ? { intValue: value } : value;
}
