/**
 * Generates TypeScript from the Avro schemas: an interface, a reader and a writer per record, a union per enum.
 * `npm run generate` writes schemas/generated/; a test checks that what is committed is what would be generated.
 * What was ever written must stay readable: every version goes into schemas/avro/history, which only grows.
 * Names become camelCase; a long is a number (exact below 2^53) unless its field says `"js": "bigint"`;
 * with `"js": "rounded"` one beyond 2^53 is taken for the next number that there is.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodingOf, schemaFingerprint } from './avro-fingerprint.ts';
import { protocolTablesHeader } from './protocol-tables.ts';

interface NamedType {
  readonly type: string;
  readonly name: string;
  readonly doc?: string;
  readonly fields?: readonly Field[];
  readonly symbols?: readonly string[];
}
interface Container {
  readonly type: 'array' | 'map';
  readonly items?: SchemaNode;
  readonly values?: SchemaNode;
}
type SchemaNode = string | NamedType | Container;
interface Field {
  readonly name: string;
  readonly type: SchemaNode;
  readonly doc?: string;
  readonly js?: Representation;
}

/** What a long is in TypeScript, where it is no number that is refused when it is beyond 2^53. */
type Representation = 'bigint' | 'rounded';

/** Topmost records, in an order in which every reference points backwards. */
const topRecords = [
  'event-batch',
  'span',
  'span-batch',
  'linked-batch',
  'trace',
  'resource',
  'resource-id-claim',
  'dead-letter',
] as const;

/** Records that other systems read: each also as one file that stands alone, with docs and defaults, for their readers. */
const sharedRecords: ReadonlySet<string> = new Set(['Trace', 'Resource']);

const directory = new URL('./', import.meta.url);
const namespace = 'io.spanloom.';

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const plain = (reference: string): string => reference.replace(namespace, '');
const isNamed = (node: SchemaNode): node is NamedType => typeof node === 'object' && 'name' in node;

const definedIn = new Map<string, string>();
const definitions = new Map<string, NamedType>();
const nodes = new Map<string, NamedType>();

function collect(node: SchemaNode, file: string): void {
  if (typeof node === 'string') return;
  if (isNamed(node)) {
    definedIn.set(node.name, file);
    definitions.set(node.name, node);
    for (const field of node.fields ?? []) collect(field.type, file);
  } else collect((node.items ?? node.values)!, file);
}

/** Fewest bytes of a value: a count of more of them than the data can hold is refused before anything is read. */
function minimumBytes(node: SchemaNode): number {
  if (typeof node === 'string') {
    const named = definitions.get(plain(node));
    return named === undefined ? (node === 'double' ? 8 : 1) : minimumBytes(named);
  }
  if (!isNamed(node) || node.fields === undefined) return 1;
  return node.fields.reduce((sum, { type }) => sum + minimumBytes(type), 0);
}

class Module {
  readonly imports = new Set<string>();
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  use(name: string, symbol: string, isType: boolean): string {
    if (definedIn.get(name) !== this.file)
      this.imports.add(`${isType ? 'type ' : ''}${symbol}|${definedIn.get(name)!}`);
    return symbol;
  }

  typeOf(node: SchemaNode, as?: Representation): string {
    if (typeof node === 'string') {
      const primitive: Record<string, string> = {
        long: as === 'bigint' ? 'bigint' : 'number',
        int: 'number',
        double: 'number',
        boolean: 'boolean',
        string: 'string',
        bytes: 'Uint8Array',
      };
      return primitive[node] ?? this.use(plain(node), plain(node), true);
    }
    if (isNamed(node)) return this.use(node.name, node.name, true);
    if (node.type === 'array') return `readonly ${this.typeOf(node.items!, as)}[]`;
    return `Readonly<Record<string, ${this.typeOf(node.values!, as)}>>`;
  }

  read(node: SchemaNode, as?: Representation): string {
    if (typeof node === 'string') {
      const primitive: Record<string, string> = {
        long: as === 'bigint' ? 'readBigLong' : as === 'rounded' ? 'readRoundedLong' : 'readLong',
        int: 'readInt',
        double: 'readDouble',
        boolean: 'readBoolean',
        string: 'readString',
        bytes: 'readBytes',
      };
      const method = primitive[node];
      if (method !== undefined) return `reader.${method}()`;
      return this.readNamed(definitions.get(plain(node))!);
    }
    if (isNamed(node)) return this.readNamed(node);
    if (node.type === 'array') {
      const bytes = minimumBytes(node.items!);
      return `readArray(reader, (reader) => ${this.read(node.items!, as)}${bytes > 1 ? `, ${bytes}` : ''})`;
    }
    return `readMap(reader, (reader) => ${this.read(node.values!, as)})`;
  }

  readNamed(type: NamedType): string {
    if (type.type === 'enum')
      return `reader.readEnum(${this.use(type.name, `${lowerFirst(type.name)}Symbols`, false)})`;
    return `${this.use(type.name, `read${type.name}`, false)}(reader)`;
  }

  write(node: SchemaNode, value: string, as?: Representation): string {
    if (typeof node === 'string') {
      const primitive: Record<string, string> = {
        long: as === 'bigint' ? 'writeBigLong' : 'writeLong',
        int: 'writeLong',
        double: 'writeDouble',
        boolean: 'writeBoolean',
        string: 'writeString',
        bytes: 'writeBytes',
      };
      const method = primitive[node];
      if (method !== undefined) return `writer.${method}(${value})`;
      return this.writeNamed(definitions.get(plain(node))!, value);
    }
    if (isNamed(node)) return this.writeNamed(node, value);
    if (node.type === 'array')
      return `writeArray(writer, ${value}, (writer, item) => ${this.write(node.items!, 'item', as)})`;
    return `writeMap(writer, ${value}, (writer, item) => ${this.write(node.values!, 'item', as)})`;
  }

  writeNamed(type: NamedType, value: string): string {
    if (type.type === 'enum')
      return `writer.writeEnum(${value}, ${this.use(type.name, `${lowerFirst(type.name)}Index`, false)})`;
    return `${this.use(type.name, `write${type.name}`, false)}(writer, ${value})`;
  }
}

function emitEnum(type: NamedType): string {
  const symbols = type.symbols!.map((symbol) => `'${symbol}'`).join(', ');
  const indices = type.symbols!.map((symbol, index) => `${symbol}: ${index}`).join(', ');
  return [
    `/** Symbols of ${type.name}, by their position in the encoding. */`,
    `export const ${lowerFirst(type.name)}Symbols = [${symbols}] as const;`,
    `export type ${type.name} = (typeof ${lowerFirst(type.name)}Symbols)[number];`,
    `/** Position of each symbol of ${type.name} in the encoding. */`,
    `export const ${lowerFirst(type.name)}Index: Readonly<Record<${type.name}, number>> = { ${indices} };`,
  ].join('\n');
}

function emitRecord(type: NamedType, module: Module): string {
  const fields = type.fields!;
  return [
    `/** ${type.doc ?? type.name} */`,
    `export interface ${type.name} {`,
    ...fields.flatMap((field) => [
      `  /** ${field.doc ?? ''} */`,
      `  readonly ${camel(field.name)}: ${module.typeOf(field.type, field.js)};`,
    ]),
    '}',
    '',
    `/** Reads one ${type.name}; throws AvroDecodeError on bytes that are none. */`,
    `export function read${type.name}(reader: AvroReader): ${type.name} {`,
    ...fields.map((field) => `  const ${camel(field.name)} = ${module.read(field.type, field.js)};`),
    `  return { ${fields.map((field) => camel(field.name)).join(', ')} };`,
    '}',
    '',
    `/** Writes one ${type.name}. */`,
    `export function write${type.name}(writer: AvroWriter, value: ${type.name}): void {`,
    ...fields.map((field) => `  ${module.write(field.type, `value.${camel(field.name)}`, field.js)};`),
    '}',
  ].join('\n');
}

function emitNested(node: SchemaNode, module: Module, out: string[]): void {
  if (typeof node === 'string') return;
  if (isNamed(node)) {
    for (const field of node.fields ?? []) emitNested(field.type, module, out);
    out.push(node.type === 'enum' ? emitEnum(node) : emitRecord(node, module));
  } else emitNested((node.items ?? node.values)!, module, out);
}

/** The schema with every reference to another file replaced by its first use, so that it stands alone. */
function selfContained(node: unknown, seen: Set<string>): unknown {
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

/** All generated files, by their path relative to schemas/. */
export function generate(): Map<string, string> {
  const files = new Map<string, string>();
  for (const file of topRecords) {
    const node = JSON.parse(readFileSync(new URL(`avro/${file}.avsc`, directory), 'utf8')) as NamedType;
    nodes.set(file, node);
    collect(node, file);
  }
  const schemaLines: string[] = [];
  for (const [file, node] of nodes) {
    const module = new Module(file);
    const out: string[] = [];
    emitNested(node, module, out);
    const byFile = new Map<string, string[]>();
    for (const entry of module.imports) {
      const [symbol, from] = entry.split('|') as [string, string];
      byFile.set(from, [...(byFile.get(from) ?? []), symbol]);
    }
    const body = out.join('\n\n');
    const blocks = ['readArray', 'readMap', 'writeArray', 'writeMap'].filter((name) => body.includes(`${name}(`));
    const imports = [
      `import type { AvroReader } from '../avro-reader.ts';`,
      `import type { AvroWriter } from '../avro-writer.ts';`,
      ...(blocks.length > 0 ? [`import { ${blocks.join(', ')} } from '../avro-blocks.ts';`] : []),
      ...[...byFile].map(([from, symbols]) => `import { ${symbols.sort().join(', ')} } from './${from}.ts';`),
    ];
    files.set(
      `generated/${file}.ts`,
      `// Generated from schemas/avro/${file}.avsc by \`npm run generate\`. Do not edit.\n${imports.join('\n')}\n\n${body}\n`,
    );
    const schema = selfContained(node, new Set());
    const text = JSON.stringify(schema);
    const fingerprint = schemaFingerprint(schema);
    files.set(`avro/history/${node.name}-${fingerprint}.json`, `${JSON.stringify(encodingOf(schema), undefined, 1)}\n`);
    if (sharedRecords.has(node.name))
      files.set(`generated/${node.name}.avsc`, `${JSON.stringify(schema, undefined, 2)}\n`);
    schemaLines.push(`  ${node.name}: {\n    fingerprint: '${fingerprint}',\n    text: ${JSON.stringify(text)},\n  },`);
  }
  files.set(
    'generated/schemas.ts',
    `// Generated from schemas/avro/ by \`npm run generate\`. Do not edit.\n/** Every topmost schema, standing alone, with the fingerprint that the \`schema\` header of a message carries. */\nexport const schemas = {\n${schemaLines.join('\n')}\n} as const;\n\nexport type SchemaName = keyof typeof schemas;\n`,
  );
  files.set('../native/generated/protocol-tables.h', protocolTablesHeader());
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of generate()) writeFileSync(new URL(path, directory), text);
}
