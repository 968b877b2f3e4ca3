/** The JSON of a trace (schemas/trace-json.ts) as a type and as a schema: both follow from the Avro schema. */
import { z } from 'zod';
import { schemas } from '../../schemas/generated/schemas.ts';
import type { Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { type ReportedDetailsJson, reportedDetailsShape } from './reported-details-json.ts';

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? First extends Uppercase<First>
    ? First extends Lowercase<First>
      ? `${First}${SnakeCase<Rest>}`
      : `_${Lowercase<First>}${SnakeCase<Rest>}`
    : `${First}${SnakeCase<Rest>}`
  : '';

/** A record as JSON: names in snake_case, Unix times as decimal strings, addresses as text. */
type RecordJson<Value> = Value extends bigint | Uint8Array
  ? string
  : Value extends readonly (infer Item)[]
    ? readonly RecordJson<Item>[]
    : Value extends object
      ? { readonly [Name in keyof Value & string as SnakeCase<Name>]: RecordJson<Value[Name]> }
      : Value;

/** Names of what one side of a span is tagged with, by kind; beside them `auto_instance` and `auto_service`. */
type SideNamesJson = Readonly<Record<string, string>>;

/** A span of a trace with names. */
export type SpanJson = RecordJson<Span> &
  ReportedDetailsJson & {
    /** The service on whose side it was seen, else the process. */
    readonly service_name: string;
    readonly client_service_name: string;
    readonly server_service_name: string;
    readonly client_names: SideNamesJson;
    readonly server_names: SideNamesJson;
  };

/** A trace by its public id. */
export type TraceJson = Omit<RecordJson<Trace>, 'spans'> & {
  /** The id in ClickHouse and on the bus. */
  readonly stored_trace_id: string;
  /** Public ids of other traces that carry the same W3C trace id. */
  readonly also_carried_by: readonly string[];
  readonly spans: readonly SpanJson[];
};

type AvroType = string | { readonly type: AvroType; readonly [key: string]: unknown };
interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  readonly js?: string;
  readonly doc?: string;
}

const simple: Readonly<Record<string, z.ZodType>> = {
  int: z.int(),
  long: z.number(),
  float: z.number(),
  double: z.number(),
  boolean: z.boolean(),
};

function schemaOf(type: AvroType, named: Map<string, z.ZodType>): z.ZodType {
  if (typeof type === 'string') return named.get(type.replace(/^.*\./, '')) ?? simple[type] ?? z.string();
  if (type.type === 'array') return z.array(schemaOf(type['items'] as AvroType, named));
  if (type.type === 'record') return keep(type, recordOf(type['fields'] as readonly AvroField[], named), named);
  if (type.type === 'enum') return keep(type, z.enum(type['symbols'] as readonly string[]), named);
  return schemaOf(type.type, named);
}

function recordOf(fields: readonly AvroField[], named: Map<string, z.ZodType>): z.ZodObject {
  const shape = fields.map(({ name, type, js, doc }) => {
    const schema = js === 'bigint' ? z.string() : schemaOf(type, named);
    return [name, doc === undefined ? schema : schema.meta({ description: doc })];
  });
  return z.object(Object.fromEntries(shape) as Record<string, z.ZodType>);
}

function keep<Schema extends z.ZodType>(type: AvroType, schema: Schema, named: Map<string, z.ZodType>): Schema {
  if (typeof type !== 'string') named.set(String(type['name']), schema);
  return schema;
}

const records = new Map<string, z.ZodType>();
const traceRecord = schemaOf(JSON.parse(schemas.Trace.text) as AvroType, records) as z.ZodObject;
const spanRecord = records.get('Span') as z.ZodObject;
const sideNames = z.record(z.string(), z.string());

/** A span with names as JSON. */
export const spanJson = z.object({
  ...spanRecord.shape,
  service_name: z.string().meta({ description: 'The service on whose side it was seen, else the process.' }),
  client_service_name: z.string(),
  server_service_name: z.string(),
  client_names: sideNames,
  server_names: sideNames,
  ...reportedDetailsShape,
}) as unknown as z.ZodType<SpanJson>;

/** A trace as JSON. */
export const traceJson = z.object({
  ...traceRecord.shape,
  stored_trace_id: z.string().meta({ description: 'The id in ClickHouse and on the bus.' }),
  also_carried_by: z.array(z.string()).meta({ description: 'Public ids of other traces with the same W3C trace id.' }),
  spans: z.array(spanJson),
}) as unknown as z.ZodType<TraceJson>;
