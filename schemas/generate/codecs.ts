/** An interface, a reader and a writer per record, a union per enum. */
import {
  camel,
  definedIn,
  definitions,
  isNamed,
  lowerFirst,
  minimumBytes,
  type NamedType,
  plain,
  type Representation,
  type SchemaNode,
} from './model.ts';

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

/** The module of all types that one file of schemas/avro/ defines. */
export function codecModule(file: string, node: NamedType): string {
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
  return `// Generated from schemas/avro/${file}.avsc by \`npm run generate\`. Do not edit.\n${imports.join('\n')}\n\n${body}\n`;
}
