/**
 * Values of bus messages to records and back. The header `schema` says what a value was written with: the current
 * schema goes through the generated reader, one of the history is translated to the current one first (Avro schema
 * resolution), anything else is rejected.
 */
import { AvroReader } from '../schemas/avro-reader.ts';
import { makeTranslation, type Translate } from '../schemas/avro-resolver.ts';
import { parseSchema, parseSchemaJson, type SchemaNode } from '../schemas/avro-schema.ts';
import { AvroWriter } from '../schemas/avro-writer.ts';
import { type SchemaName, schemas } from '../schemas/generated/schemas.ts';
import type { OutgoingMessage, ReceivedMessage } from './bus/bus.ts';
import { packagedSchemaHistory, type SchemaHistory } from './schema-history.ts';

/** Name of the header that carries the fingerprint of the value's schema. */
export const schemaHeader = 'schema';

/** What became of a value. */
export type Decoded<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | {
      readonly kind: 'rejected';
      readonly reason: 'undecodable' | 'unknown_schema';
      readonly detail: string;
    };

/**
 * How values of another version of a schema become current ones. The text may be anyone's.
 *
 * @throws AvroSchemaError when it is no schema, or the two are not compatible
 */
export function translationFrom(name: SchemaName, schemaText: string): Translate {
  return makeTranslation(parseSchema(parseSchemaJson(schemaText)), currentSchema(name));
}

const currentSchemas = new Map<SchemaName, SchemaNode>();

function currentSchema(name: SchemaName): SchemaNode {
  let schema = currentSchemas.get(name);
  if (schema === undefined) currentSchemas.set(name, (schema = parseSchema(JSON.parse(schemas[name].text))));
  return schema;
}

const translations = new WeakMap<SchemaHistory, Map<string, Translate>>();

function translation(name: SchemaName, fingerprint: string, history: SchemaHistory): Translate | undefined {
  const past = history.get(fingerprint);
  if (past?.name !== name) return undefined;
  let known = translations.get(history);
  if (known === undefined) translations.set(history, (known = new Map<string, Translate>()));
  let translate = known.get(fingerprint);
  if (translate === undefined) {
    translate = translationFrom(name, past.text);
    known.set(fingerprint, translate);
  }
  return translate;
}

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Reads the value of a message. Never throws: what cannot be read is a value too.
 *
 * @param read the generated reader of the same name
 * @example decodeValue('SpanBatch', message, readSpanBatch)
 */
export function decodeValue<Value>(
  name: SchemaName,
  message: Pick<ReceivedMessage, 'headers' | 'value'>,
  read: (reader: AvroReader) => Value,
  history: SchemaHistory = packagedSchemaHistory(),
): Decoded<Value> {
  const fingerprint = message.headers[schemaHeader];
  try {
    let bytes = message.value;
    if (fingerprint !== schemas[name].fingerprint) {
      const translate = fingerprint === undefined ? undefined : translation(name, fingerprint, history);
      if (translate === undefined) {
        const detail = `${fingerprint === undefined ? 'no schema' : `schema ${fingerprint}`}; a ${name} was expected`;
        return { kind: 'rejected', reason: 'unknown_schema', detail };
      }
      bytes = translate(bytes);
    }
    const reader = new AvroReader(bytes);
    const value = read(reader);
    if (reader.position !== bytes.length) reader.fail('data after the end of the record');
    return { kind: 'ok', value };
  } catch (error) {
    return { kind: 'rejected', reason: 'undecodable', detail: errorText(error) };
  }
}

const writer = new AvroWriter();

/** Writes one record; the buffer is the caller's to keep. */
export function encodeValue<Value>(value: Value, write: (writer: AvroWriter, value: Value) => void): Buffer {
  writer.reset();
  write(writer, value);
  return writer.finish();
}

/** A message for the bus whose header says what its value is. `value` must have been encoded with that schema. */
export function outgoingMessage(topic: string, key: string, name: SchemaName, value: Uint8Array): OutgoingMessage {
  return { topic, key, value, headers: { [schemaHeader]: schemas[name].fingerprint } };
}
