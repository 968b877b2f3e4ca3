/** The Avro schemas as the generators read them: schemas/avro/*.avsc, with every name looked up. */
import { readFileSync } from 'node:fs';

/** A record or an enum. */
export interface NamedType {
  readonly type: string;
  readonly name: string;
  readonly doc?: string;
  readonly fields?: readonly Field[];
  readonly symbols?: readonly string[];
}
/** An array or a map. */
export interface Container {
  readonly type: 'array' | 'map';
  readonly items?: SchemaNode;
  readonly values?: SchemaNode;
}
/** Any type: a primitive or a reference by name, or one that is written out. */
export type SchemaNode = string | NamedType | Container;
/** A field of a record. */
export interface Field {
  readonly name: string;
  readonly type: SchemaNode;
  readonly doc?: string;
  readonly js?: Representation;
}

/** What a long is in TypeScript, where it is no number that is refused when it is beyond 2^53. */
export type Representation = 'bigint' | 'rounded';

/** Topmost records, in an order in which every reference points backwards. */
const topRecords = [
  'event-batch',
  'span',
  'span-batch',
  'flow-batch',
  'stage-report',
  'linked-batch',
  'trace',
  'resource',
  'resource-id-claim',
  'dead-letter',
] as const;

const namespace = 'io.spanloom.';

/** The name of a field in TypeScript. */
export const camel = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
/** The name of a type as the beginning of the name of a value. */
export const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
/** The name of a type without its namespace. */
export const plain = (reference: string): string => reference.replace(namespace, '');
export const isNamed = (node: SchemaNode): node is NamedType => typeof node === 'object' && 'name' in node;

/** The file that defines each record and enum. */
export const definedIn = new Map<string, string>();
/** Records and enums by name. */
export const definitions = new Map<string, NamedType>();
/** Topmost records by file. */
export const nodes = new Map<string, NamedType>();

function collect(node: SchemaNode, file: string): void {
  if (typeof node === 'string') return;
  if (isNamed(node)) {
    definedIn.set(node.name, file);
    definitions.set(node.name, node);
    for (const field of node.fields ?? []) collect(field.type, file);
  } else collect((node.items ?? node.values)!, file);
}

for (const file of topRecords) {
  const node = JSON.parse(readFileSync(new URL(`../avro/${file}.avsc`, import.meta.url), 'utf8')) as NamedType;
  nodes.set(file, node);
  collect(node, file);
}

/** Fewest bytes of a value: a count of more of them than the data can hold is refused before anything is read. */
export function minimumBytes(node: SchemaNode): number {
  if (typeof node === 'string') {
    const named = definitions.get(plain(node));
    return named === undefined ? (node === 'double' ? 8 : 1) : minimumBytes(named);
  }
  if (!isNamed(node) || node.fields === undefined) return 1;
  return node.fields.reduce((sum, { type }) => sum + minimumBytes(type), 0);
}

/** The schema with every reference to another file replaced by its first use, so that it stands alone. */
export function selfContained(node: unknown, seen: Set<string>): unknown {
  if (typeof node === 'string') {
    if (!node.startsWith(namespace) || seen.has(plain(node))) return node;
    return selfContained({ ...definitions.get(plain(node))!, namespace: 'io.spanloom' }, seen);
  }
  if (Array.isArray(node)) return node.map((item) => selfContained(item, seen));
  if (typeof node !== 'object' || node === null) return node;
  const record = node as Record<string, unknown>;
  if (typeof record['name'] === 'string' && (record['type'] === 'record' || record['type'] === 'enum'))
    seen.add(record['name']);
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record)) {
    if (key === 'type' || key === 'items' || key === 'values' || key === 'fields')
      copy[key] = selfContained(value, seen);
    else copy[key] = value;
  }
  return copy;
}
