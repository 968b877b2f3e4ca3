/** A condition on spans in terms of OpenTelemetry, as data: what TraceQL and Jaeger's tags are translated to. */
import type { PointKind } from '../../schemas/observation-points.ts';
import type { TagKind } from '../../schemas/tags.ts';

/** Texts of a span; empty where it has none. */
export const textFields = [
  'db_name',
  'dns_name',
  'endpoint',
  'http_path',
  'network_protocol',
  'observation_point',
  'process_name',
  'protocol',
  'reason',
  'request_type',
  'status',
  'transport',
  'user_agent',
] as const;
export type TextField = (typeof textFields)[number];

/** Numbers of a span. */
export const numberFields = [
  'agent_id',
  'client_port',
  'duration_ns',
  'process_id',
  'response_code',
  'server_port',
] as const;
export type NumberField = (typeof numberFields)[number];

export type TextTest =
  | { readonly kind: 'equal'; readonly text: string }
  /** As a whole, by RE2. */
  | { readonly kind: 'matches'; readonly pattern: string }
  /** It is not empty. */
  | { readonly kind: 'present' };

export type NumberComparison = '=' | '!=' | '>' | '>=' | '<' | '<=';

/** What a span is named by. */
export interface Operation {
  readonly protocol: string;
  readonly requestType: string;
  readonly requestDomain: string;
  readonly endpoint: string;
}

export type SpanCondition =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly SpanCondition[] }
  | { readonly kind: 'not'; readonly term: SpanCondition }
  | { readonly kind: 'always'; readonly holds: boolean }
  | { readonly kind: 'text'; readonly field: TextField; readonly test: TextTest }
  | {
      readonly kind: 'number';
      readonly field: NumberField;
      readonly comparison: NumberComparison;
      readonly value: number;
    }
  /** Name of the service on whose side the span was seen. */
  | { readonly kind: 'service'; readonly test: TextTest }
  /** Name of what that side is tagged with. @param type of a workload, in lower case */
  | { readonly kind: 'tag'; readonly tag: TagKind; readonly type?: string; readonly test: TextTest }
  | { readonly kind: 'protocols'; readonly protocols: readonly string[] }
  /** Its status is Error (opentelemetry/span-status.ts). */
  | { readonly kind: 'error' }
  | { readonly kind: 'side'; readonly side: PointKind }
  /** The name of the span; no SQL is made of it: find-operations.ts replaces it. */
  | { readonly kind: 'name'; readonly test: TextTest }
  | { readonly kind: 'operations'; readonly operations: readonly Operation[] };

export const never: SpanCondition = { kind: 'always', holds: false };

/** Both hold. */
export function both(...terms: readonly SpanCondition[]): SpanCondition {
  return terms.length === 1 ? terms[0]! : { kind: 'and', terms };
}

export function negated(term: SpanCondition): SpanCondition {
  return term.kind === 'not' ? term.term : { kind: 'not', term };
}
