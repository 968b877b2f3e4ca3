/**
 * Copiers from Avro to RowBinary of ClickHouse, and the columns they fill: one pass over the bytes of a record, without an
 * object or a string in between. A long becomes Int64, an int Int32, an enum Int8 (its number), a string String, an address
 * IPv6, a record in a record columns with its name in front, an array of records an array of tuples.
 */
import { camel, definitions, isNamed, lowerFirst, type NamedType, plain, type SchemaNode } from './model.ts';
import { passOver } from './scan.ts';

/** What differs from the usual column of a field, by its name. Fields of records in records are written with a point. */
export interface RowSpec {
  readonly record: string;
  /** Texts of hexadecimal digits, by the bytes that they stand for; `mayBeEmpty` becomes zeros. */
  readonly hex: Readonly<Record<string, { readonly bytes: number; readonly mayBeEmpty?: boolean }>>;
  /** Longs that are Unix nanoseconds, by the name of the column. */
  readonly times: Readonly<Record<string, string>>;
  /** Fields of which the position in the Avro bytes is noted. */
  readonly positions: readonly string[];
  /** Fields of which the position in the row is noted. */
  readonly rowPositions: readonly string[];
}

interface Line {
  readonly kind: 'long' | 'int' | 'other';
  readonly code: string;
}

class RowModule {
  readonly #spec: RowSpec;
  readonly columns: [name: string, type: string][] = [];
  readonly marks: string[] = [];
  readonly enums = new Set<string>();
  readonly helpers = new Set<string>();
  readonly functions: string[] = [];
  readonly #asked: Set<string>;
  #lines: Line[] = [];

  constructor(spec: RowSpec) {
    this.#spec = spec;
    this.#asked = new Set([
      ...spec.positions,
      ...spec.rowPositions,
      ...Object.keys(spec.hex),
      ...Object.keys(spec.times),
    ]);
  }

  copyRecord(type: NamedType, path: string): void {
    for (const field of type.fields!) {
      const name = path + field.name;
      this.#asked.delete(name);
      const property = camel(name.replaceAll('.', '_'));
      if (this.#spec.positions.includes(name)) this.#mark(`${property}At`, 'reader.position');
      if (this.#spec.rowPositions.includes(name)) this.#mark(`${property}InRow`, 'writer.length');
      this.#copy(field.type, name);
    }
  }

  requireAll(): void {
    if (this.#asked.size > 0) throw new Error(`${this.#spec.record} has no field ${[...this.#asked].join(', ')}`);
  }

  /** The statements; those that copy several longs or ints in a row are one. */
  get code(): readonly string[] {
    const code: string[] = [];
    for (let index = 0; index < this.#lines.length;) {
      const { kind, code: line } = this.#lines[index]!;
      let count = 1;
      if (kind !== 'other') while (this.#lines[index + count]?.kind === kind) count++;
      if (count === 1) code.push(line);
      else code.push(this.#call(kind === 'long' ? 'copyLongs' : 'copyInts', `, ${count}`));
      index += count;
    }
    return code;
  }

  #mark(name: string, value: string): void {
    this.marks.push(name);
    this.#lines.push({ kind: 'other', code: `marks.${name} = ${value};` });
  }

  #call(helper: string, rest = ''): string {
    this.helpers.add(helper);
    return `${helper}(reader, writer${rest});`;
  }

  #add(kind: Line['kind'], code: string): void {
    this.#lines.push({ kind, code });
  }

  #copy(node: SchemaNode, name: string): void {
    const type = typeof node === 'string' ? definitions.get(plain(node)) : isNamed(node) ? node : undefined;
    if (type !== undefined && type.type !== 'enum') {
      this.copyRecord(type, `${name}.`);
      return;
    }
    const { items } = node as { readonly items?: SchemaNode };
    if (items !== undefined) this.#copyArray(items, name);
    else this.columns.push([this.#spec.times[name] ?? name.replaceAll('.', '_'), this.#copyValue(node, type, name)]);
  }

  /** @returns the type of its column */
  #copyValue(node: SchemaNode, type: NamedType | undefined, name: string): string {
    const hex = this.#spec.hex[name];
    if (hex !== undefined) {
      this.#add('other', this.#call('copyHex', `, ${hex.bytes}, ${hex.mayBeEmpty === true}`));
      return `FixedString(${hex.bytes})`;
    }
    if (type !== undefined) {
      this.enums.add(type.name);
      this.#add('other', this.#call('copyEnum', `, ${lowerFirst(type.name)}Symbols.length`));
      return 'Int8';
    }
    switch (node) {
      case 'long':
        this.#add('long', this.#call('copyLong'));
        return name in this.#spec.times ? "DateTime64(9, 'UTC')" : 'Int64';
      case 'int':
        this.#add('int', this.#call('copyInt'));
        return 'Int32';
      case 'double':
        this.#add('other', 'writer.writeFloat64(reader.readDouble());');
        return 'Float64';
      case 'boolean':
        this.#add('other', 'writer.writeBoolean(reader.readBoolean());');
        return 'Bool';
      case 'string':
        this.#add('other', this.#call('copyString'));
        return 'String';
      case 'bytes':
        this.#add('other', this.#call('copyAddress'));
        return 'IPv6';
      default:
        throw new Error(`${name} has no column: its type is not known here`);
    }
  }

  #copyArray(items: SchemaNode, name: string): void {
    const record = isNamed(items) ? items : definitions.get(plain(items as string))!;
    const hex = Object.entries(this.#spec.hex).filter(([field]) => field.startsWith(`${name}.`));
    for (const [field] of hex) this.#asked.delete(field);
    const inner = new RowModule({
      record: record.name,
      hex: Object.fromEntries(hex.map(([field, how]) => [field.slice(name.length + 1), how])),
      times: {},
      positions: [],
      rowPositions: [],
    });
    inner.copyRecord(record, '');
    inner.requireAll();
    const passed = passOver(record);
    for (const used of [...inner.enums, ...passed.enums]) this.enums.add(used);
    const helper = `copy${pascal(name)}`;
    this.functions.push(arrayFunction(helper, passed.lines, inner.code));
    for (const used of inner.helpers) this.helpers.add(used);
    this.#add('other', `${helper}(reader, writer);`);
    this.columns.push([name, `Array(Tuple(${inner.columns.map(([, type]) => type).join(', ')}))`]);
  }
}

const pascal = (name: string): string => camel(`_${name}`);

/** RowBinary wants the count of all items in front; Avro may have several blocks, each with its own. */
function arrayFunction(name: string, pass: readonly string[], copy: readonly string[]): string {
  return [
    `function ${name}(reader: AvroReader, writer: RowBinaryWriter): void {`,
    'const first = reader.readBlockCount();',
    'if (first === 0) {',
    'writer.writeLength(0);',
    'return;',
    '}',
    'const start = reader.position;',
    'let total = 0;',
    'for (let count = first; count > 0; count = reader.readBlockCount()) {',
    'total += count;',
    'for (let index = 0; index < count; index++) {',
    ...pass,
    '}',
    '}',
    'reader.position = start;',
    'writer.writeLength(total);',
    'for (let count = first; count > 0; count = reader.readBlockCount()) {',
    'for (let index = 0; index < count; index++) {',
    ...copy,
    '}',
    '}',
    '}',
  ].join('\n');
}

/** The module of a row copier. @param enumFile the generated file that defines an enum */
export function rowModule(spec: RowSpec, enumFile: (name: string) => string): string {
  const module = new RowModule(spec);
  module.copyRecord(definitions.get(spec.record)!, '');
  module.requireAll();
  const { code } = module;
  const imports = new Map<string, string[]>();
  for (const name of module.enums) {
    const file = enumFile(name);
    imports.set(file, [...(imports.get(file) ?? []), `${lowerFirst(name)}Symbols`]);
  }
  const { record } = spec;
  return [
    `// Generated from schemas/avro/ by \`npm run generate\`; see schemas/generate/rows.ts. Do not edit.`,
    `import type { RowColumn } from '../../core/clickhouse/clickhouse.ts';`,
    `import type { AvroReader } from '../../schemas/avro-reader.ts';`,
    ...[...imports]
      .sort()
      .map(([file, names]) => `import { ${names.sort().join(', ')} } from '../../schemas/generated/${file}.ts';`),
    `import { ${[...module.helpers].sort().join(', ')} } from '../avro-copy.ts';`,
    `import type { RowBinaryWriter } from '../row-binary-writer.ts';`,
    '',
    `/** Columns that a ${record} fills, in the order of its fields. */`,
    `export const ${lowerFirst(record)}FieldColumns: readonly RowColumn[] = [`,
    ...module.columns.map(([name, type]) => `  { name: '${name}', type: ${JSON.stringify(type)} },`),
    '];',
    '',
    `/** Where parts of the ${record} that was copied last are: \`…At\` in the Avro bytes, \`…InRow\` in the writer's. */`,
    `export class ${record}Marks {`,
    ...module.marks.map((name) => `  ${name} = 0;`),
    '}',
    '',
    `/** Reads one ${record} and writes its columns. Throws AvroDecodeError on bytes that are none, or ids that are not hexadecimal. */`,
    `export function copy${record}(reader: AvroReader, writer: RowBinaryWriter, marks: ${record}Marks): void {`,
    ...code.map((line) => `  ${line}`),
    '}',
    ...module.functions.map((text) => `\n${text}`),
    '',
  ].join('\n');
}
