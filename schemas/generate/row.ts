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
  /** Fields of which the value is noted; a long is then refused beyond 2^53. */
  readonly values: readonly string[];
  /** Fields of which the position in the Avro bytes is noted. */
  readonly positions: readonly string[];
  /** Fields of which the position in the row is noted. */
  readonly rowPositions: readonly string[];
  /** Fields that have no column; where each begins is noted. */
  readonly omitted?: readonly string[];
  /** The copier ends before this field. */
  readonly until?: string;
}

/** How a number is copied, and how several in a row are. */
const numberHelpers = { long: ['copyLong', 'copyLongs'], int: ['copyInt', 'copyInts'] } as const;
type NumberKind = keyof typeof numberHelpers;
/** A statement, or a number that may become one statement with those beside it. */
type Line = { readonly code: string } | { readonly number: NumberKind };

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
      ...spec.values,
      ...spec.positions,
      ...spec.rowPositions,
      ...Object.keys(spec.hex),
      ...Object.keys(spec.times),
      ...(spec.omitted ?? []),
    ]);
  }

  copyRecord(type: NamedType, path: string): void {
    for (const field of type.fields!) {
      const name = path + field.name;
      if (name === this.#spec.until) return;
      this.#asked.delete(name);
      const property = camel(name.replaceAll('.', '_'));
      if (this.#spec.positions.includes(name)) this.#mark(`${property}At`, 'reader.position');
      if (this.#spec.rowPositions.includes(name)) this.#mark(`${property}InRow`, 'writer.length');
      if (this.#spec.omitted?.includes(name) === true) this.#omit(field.type, property);
      else this.#copy(field.type, name);
    }
  }

  #omit(type: SchemaNode, property: string): void {
    if (type !== 'bytes') throw new Error(`${property} cannot be omitted: only bytes can`);
    this.#mark(`${property}At`, 'reader.position');
    this.#add('reader.skipBytes();');
  }

  requireAll(): void {
    if (this.#asked.size > 0) throw new Error(`${this.#spec.record} has no field ${[...this.#asked].join(', ')}`);
  }

  /** The statements, and in {@link helpers} what they call; several longs or ints in a row are one statement. */
  statements(): readonly string[] {
    const statements: string[] = [];
    for (let index = 0; index < this.#lines.length;) {
      const line = this.#lines[index]!;
      let count = 1;
      if ('code' in line) statements.push(line.code);
      else {
        const [one, several] = numberHelpers[line.number];
        while (this.#isNumber(index + count, line.number)) count++;
        statements.push(count === 1 ? this.#call(one) : this.#call(several, `, ${count}`));
      }
      index += count;
    }
    return statements;
  }

  #isNumber(index: number, kind: NumberKind): boolean {
    const line = this.#lines[index];
    return line !== undefined && 'number' in line && line.number === kind;
  }

  #mark(name: string, value: string): void {
    this.marks.push(name);
    this.#add(`marks.${name} = ${value};`);
  }

  #call(helper: string, rest = ''): string {
    this.helpers.add(helper);
    return `${helper}(reader, writer${rest});`;
  }

  #add(code: string): void {
    this.#lines.push({ code });
  }

  #isNoted(name: string): boolean {
    return this.#spec.values.includes(name);
  }

  /** Adds a call that returns the value of a field, which is noted. */
  #addNoted(name: string, call: string): void {
    this.#mark(camel(name.replaceAll('.', '_')), call.slice(0, -1));
  }

  #addNumber(name: string, number: NumberKind): void {
    if (this.#isNoted(name)) this.#addNoted(name, this.#call(number === 'long' ? 'copySafeLong' : 'copyInt'));
    else this.#lines.push({ number });
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
      this.#add(this.#call('copyHex', `, ${hex.bytes}, ${hex.mayBeEmpty === true}`));
      return `FixedString(${hex.bytes})`;
    }
    if (type !== undefined) {
      this.enums.add(type.name);
      const call = this.#call('copyEnum', `, ${lowerFirst(type.name)}Symbols.length`);
      if (this.#isNoted(name)) this.#addNoted(name, call);
      else this.#add(call);
      return 'Int8';
    }
    switch (node) {
      case 'long':
        this.#addNumber(name, 'long');
        return name in this.#spec.times ? "DateTime64(9, 'UTC')" : 'Int64';
      case 'int':
        this.#addNumber(name, 'int');
        return 'Int32';
      case 'double':
        this.#add('writer.writeFloat64(reader.readDouble());');
        return 'Float64';
      case 'boolean':
        this.#add('writer.writeBoolean(reader.readBoolean());');
        return 'Bool';
      case 'string':
        this.#add(this.#call('copyString'));
        return 'String';
      case 'bytes':
        this.#add(this.#call('copyAddress'));
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
      values: [],
      positions: [],
      rowPositions: [],
    });
    inner.copyRecord(record, '');
    inner.requireAll();
    const passed = passOver(record);
    for (const used of [...inner.enums, ...passed.enums]) this.enums.add(used);
    const helper = `copy${pascal(name)}`;
    this.functions.push(arrayFunction(helper, passed.lines, inner.statements()));
    for (const used of inner.helpers) this.helpers.add(used);
    this.#add(`${helper}(reader, writer);`);
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
  const statements = module.statements();
  const imports = new Map<string, string[]>();
  for (const name of module.enums) {
    const file = enumFile(name);
    imports.set(file, [...(imports.get(file) ?? []), `${lowerFirst(name)}Symbols`]);
  }
  const { record } = spec;
  const until = spec.until === undefined ? '' : ` up to \`${spec.until}\``;
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
    `/** Values of the ${record} that was copied last, and where parts of it are: \`…At\` in the Avro bytes, \`…InRow\` in the writer's. */`,
    `export class ${record}Marks {`,
    ...module.marks.map((name) => `  ${name} = 0;`),
    '}',
    '',
    `/** Reads one ${record}${until} and writes its columns. Throws AvroDecodeError on bytes that are none, or ids that are not hexadecimal. */`,
    `export function copy${record}(reader: AvroReader, writer: RowBinaryWriter, marks: ${record}Marks): void {`,
    ...statements.map((line) => `  ${line}`),
    '}',
    ...module.functions.map((text) => `\n${text}`),
    '',
  ].join('\n');
}
