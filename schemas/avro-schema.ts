/**
 * Avro schemas (Avro 1.11, "Schema Declaration") as a graph of nodes. A schema may come from a registry or a file, so it
 * is input like any other: its size, its nesting and the number of its types are bounded, names that lead nowhere and
 * records that contain themselves without end are refused.
 */

/** Bounds of a schema from elsewhere. Ours have some 20 KiB, 7 levels of JSON, 100 types, and 4 records in one another. */
export const schemaBounds = { textBytes: 256 * 1024, jsonDepth: 64, types: 2_000, depth: 64 } as const;

/** A schema that cannot be used; the message says why. */
export class AvroSchemaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AvroSchemaError';
  }
}

const primitiveKinds = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
/** A type without parts. */
export type PrimitiveKind = (typeof primitiveKinds)[number];

/** A field of a record. */
export interface FieldNode {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: SchemaNode;
  /** As it stands in the schema, in JSON; undefined when there is none. */
  readonly defaultValue: { readonly json: unknown } | undefined;
}

/** A record; its fields are complete when the schema has been read. */
export interface RecordNode {
  readonly kind: 'record';
  /** Without its namespace, as names are compared. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly fields: FieldNode[];
}

/** An enum. */
export interface EnumNode {
  readonly kind: 'enum';
  readonly name: string;
  readonly aliases: readonly string[];
  readonly symbols: readonly string[];
  readonly defaultSymbol: string | undefined;
}

/** One type of a schema. Records may refer to themselves. */
export type SchemaNode =
  | { readonly kind: PrimitiveKind }
  | RecordNode
  | EnumNode
  | { readonly kind: 'fixed'; readonly name: string; readonly aliases: readonly string[]; readonly size: number }
  | { readonly kind: 'array'; readonly items: SchemaNode }
  | { readonly kind: 'map'; readonly values: SchemaNode }
  | { readonly kind: 'union'; readonly branches: readonly SchemaNode[] };

type JsonObject = Readonly<Record<string, unknown>>;

const primitives: ReadonlyMap<string, SchemaNode> = new Map(primitiveKinds.map((kind) => [kind, { kind }]));
const unqualified = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** The deepest nesting of arrays and objects in a JSON text, without building anything. */
function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (isText) {
      if (character === '\\') index++;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth--;
  }
  return deepest;
}

/**
 * The JSON of a schema, within {@link schemaBounds}.
 *
 * @throws AvroSchemaError
 */
export function parseSchemaJson(text: string): unknown {
  if (text.length > schemaBounds.textBytes) throw new AvroSchemaError(`a schema of ${text.length} characters`);
  if (jsonDepth(text) > schemaBounds.jsonDepth) throw new AvroSchemaError('a schema that is nested too deeply');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new AvroSchemaError('a schema that is not JSON');
  }
}

/**
 * Reads a schema that stands alone.
 *
 * @param json its JSON; of one from elsewhere, from {@link parseSchemaJson}
 * @throws AvroSchemaError
 */
export function parseSchema(json: unknown): SchemaNode {
  const node = new SchemaParser().node(json, '');
  minimumBytes(node);
  return node;
}

class SchemaParser {
  readonly #named = new Map<string, SchemaNode>();
  #types = 0;

  node(json: unknown, namespace: string): SchemaNode {
    if (++this.#types > schemaBounds.types) throw new AvroSchemaError('a schema of too many types');
    if (typeof json === 'string') return this.#reference(json, namespace);
    if (Array.isArray(json)) return this.#union(json, namespace);
    if (typeof json !== 'object' || json === null) throw new AvroSchemaError('a type that is neither name nor object');
    const object = json as JsonObject;
    switch (object['type']) {
      case 'record':
      case 'error':
        return this.#record(object, namespace);
      case 'enum':
        return this.#enum(object, namespace);
      case 'fixed':
        return this.#fixed(object, namespace);
      case 'array':
        return { kind: 'array', items: this.node(object['items'], namespace) };
      case 'map':
        return { kind: 'map', values: this.node(object['values'], namespace) };
      default:
        // A name with attributes, such as a logical type, or a type in a type.
        return this.node(object['type'], namespace);
    }
  }

  #reference(name: string, namespace: string): SchemaNode {
    const found =
      primitives.get(name) ??
      this.#named.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`) ??
      this.#named.get(name);
    if (found === undefined) throw new AvroSchemaError(`the type ${name.slice(0, 100)} is not defined`);
    return found;
  }

  #union(branches: readonly unknown[], namespace: string): SchemaNode {
    return { kind: 'union', branches: branches.map((branch) => this.node(branch, namespace)) };
  }

  /** Names of a type, and the namespace of what stands inside. */
  #names(object: JsonObject, outer: string): { fullName: string; name: string; aliases: string[]; inner: string } {
    const given = object['name'];
    if (typeof given !== 'string' || given === '') throw new AvroSchemaError('a named type without a name');
    const stated = object['namespace'];
    const inner = given.includes('.')
      ? given.slice(0, given.lastIndexOf('.'))
      : typeof stated === 'string'
        ? stated
        : outer;
    const name = unqualified(given);
    const fullName = inner === '' ? name : `${inner}.${name}`;
    if (this.#named.has(fullName)) throw new AvroSchemaError(`the type ${fullName.slice(0, 100)} is defined twice`);
    return { fullName, name, aliases: textsOf(object['aliases']).map(unqualified), inner };
  }

  #record(object: JsonObject, outer: string): SchemaNode {
    const { fullName, name, aliases, inner } = this.#names(object, outer);
    const record: RecordNode = { kind: 'record', name, aliases, fields: [] };
    this.#named.set(fullName, record);
    if (!Array.isArray(object['fields'])) throw new AvroSchemaError(`the record ${name} has no fields`);
    const seen = new Set<string>();
    for (const field of object['fields'] as readonly unknown[]) {
      if (typeof field !== 'object' || field === null) throw new AvroSchemaError(`a field of ${name} is no object`);
      const { name: fieldName, type, aliases: others } = field as JsonObject;
      if (typeof fieldName !== 'string' || seen.has(fieldName))
        throw new AvroSchemaError(`a field of ${name} has no name of its own`);
      seen.add(fieldName);
      record.fields.push({
        name: fieldName,
        aliases: textsOf(others),
        type: this.node(type, inner),
        defaultValue: 'default' in field ? { json: field.default } : undefined,
      });
    }
    return record;
  }

  #enum(object: JsonObject, outer: string): SchemaNode {
    const { fullName, name, aliases } = this.#names(object, outer);
    const symbols = textsOf(object['symbols']);
    if (symbols.length === 0) throw new AvroSchemaError(`the enum ${name} has no symbols`);
    const stated = object['default'];
    const defaultSymbol = typeof stated === 'string' ? stated : undefined;
    const node: EnumNode = { kind: 'enum', name, aliases, symbols, defaultSymbol };
    this.#named.set(fullName, node);
    return node;
  }

  #fixed(object: JsonObject, outer: string): SchemaNode {
    const { fullName, name, aliases } = this.#names(object, outer);
    const size = object['size'];
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
      throw new AvroSchemaError(`the fixed type ${name} has no size`);
    const node: SchemaNode = { kind: 'fixed', name, aliases, size };
    this.#named.set(fullName, node);
    return node;
  }
}

function textsOf(json: unknown): string[] {
  return Array.isArray(json) ? json.filter((item): item is string => typeof item === 'string') : [];
}

const minimums = new WeakMap<SchemaNode, number>();

/**
 * The fewest bytes that a value of a type takes: what a count of them is checked against. 0 says that every value takes
 * none: nulls, empty records, fixed types of size 0, and records of those.
 *
 * @throws AvroSchemaError when a record contains itself without a union, array or map in between: it has no values
 */
export function minimumBytes(node: SchemaNode): number {
  const known = minimums.get(node);
  if (known !== undefined) return known;
  return new MinimumFinder().of(node);
}

class MinimumFinder {
  readonly #open = new Set<SchemaNode>();

  of(node: SchemaNode): number {
    const known = minimums.get(node);
    if (known !== undefined) return known;
    const minimum = this.#find(node);
    minimums.set(node, minimum);
    return minimum;
  }

  #find(node: SchemaNode): number {
    switch (node.kind) {
      case 'null':
        return 0;
      case 'float':
        return 4;
      case 'double':
        return 8;
      case 'fixed':
        return node.size;
      case 'record': {
        if (this.#open.has(node)) throw new AvroSchemaError(`the record ${node.name} contains itself without end`);
        if (this.#open.size >= schemaBounds.depth) throw new AvroSchemaError('records that are nested too deeply');
        this.#open.add(node);
        let sum = 0;
        for (const { type } of node.fields) sum += this.of(type);
        this.#open.delete(node);
        return sum;
      }
      default:
        // The length, the number of the branch or symbol, or the end of the blocks.
        return 1;
    }
  }
}
