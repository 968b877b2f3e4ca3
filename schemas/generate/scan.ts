/**
 * Readers of a part of a record, for paths on which reading all of it takes too long. A scan passes over a record once and
 * leaves, of the fields that were asked for, their values or the positions where they begin; the rest is checked as the
 * full reader checks it, and not kept.
 */
import {
  camel,
  definitions,
  isNamed,
  lowerFirst,
  type NamedType,
  plain,
  type Representation,
  type SchemaNode,
} from './model.ts';

/** What a scan keeps. Fields of records in records are written with a point: `client.port`. */
export interface ScanSpec {
  /** Name of the class of what is kept. */
  readonly name: string;
  readonly doc: string;
  readonly record: string;
  /** Fields whose values are kept. */
  readonly values: readonly string[];
  /** Fields of which the position is kept: `client` is kept as `clientAt`. */
  readonly positions: readonly string[];
}

interface Kept {
  readonly name: string;
  readonly type: string;
  readonly initial: string;
  readonly doc: string;
}

class ScanModule {
  readonly #spec: ScanSpec;
  readonly kept: Kept[] = [];
  readonly lines: string[] = [];
  readonly enums = new Set<string>();
  readonly #asked: Set<string>;

  constructor(spec: ScanSpec) {
    this.#spec = spec;
    this.#asked = new Set([...spec.values, ...spec.positions]);
  }

  /** Scans the fields of a record. @param path names of the fields around it, each with a point behind it */
  scanRecord(type: NamedType, path: string): void {
    for (const field of type.fields!) {
      const name = path + field.name;
      this.#asked.delete(name);
      const property = camel(name.replaceAll('.', '_'));
      if (this.#spec.positions.includes(name)) {
        this.kept.push({ name: `${property}At`, type: 'number', initial: '0', doc: `Where \`${name}\` begins.` });
        this.lines.push(`scan.${property}At = reader.position;`);
      }
      const isKept = this.#spec.values.includes(name);
      if (isKept) this.#keep(field.type, property, field.doc ?? '', field.js === 'bigint');
      else this.#pass(field.type, name, field.js);
    }
  }

  /** Fails on a field that was asked for and is not there. */
  requireAll(): void {
    if (this.#asked.size > 0) throw new Error(`${this.#spec.record} has no field ${[...this.#asked].join(', ')}`);
  }

  #keep(node: SchemaNode, property: string, doc: string, isBigint: boolean): void {
    const primitives: Readonly<Record<string, readonly [type: string, initial: string, read: string]>> = {
      // Not a number at first, so that the engine keeps a double in place from the beginning.
      long: isBigint ? ['bigint', '0n', 'readBigLong()'] : ['number', 'NaN', 'readLong()'],
      int: ['number', '0', 'readInt()'],
      double: ['number', 'NaN', 'readDouble()'],
      boolean: ['boolean', 'false', 'readBoolean()'],
      string: ['string', "''", 'readString()'],
    };
    const primitive = typeof node === 'string' ? primitives[node] : undefined;
    const type = resolved(node);
    if (primitive !== undefined) {
      const [typeName, initial, read] = primitive;
      this.kept.push({ name: property, type: typeName, initial, doc });
      this.lines.push(`scan.${property} = reader.${read};`);
    } else if (type?.type === 'enum') {
      this.kept.push({ name: property, type: type.name, initial: `'${type.symbols![0]!}'`, doc });
      this.lines.push(`scan.${property} = reader.readEnum(${this.#symbols(type)});`);
    } else throw new Error(`the value of ${property} cannot be kept: keep its position`);
  }

  #pass(node: SchemaNode, name: string, as?: Representation): void {
    const primitives: Readonly<Record<string, string>> = {
      // As the full reader: a long that is a number there is refused beyond 2^53.
      long: as === undefined ? 'readLong()' : 'skipLong()',
      int: 'readInt()',
      double: 'skipFixed(8)',
      boolean: 'readBoolean()',
      string: 'skipBytes()',
      bytes: 'skipBytes()',
    };
    const primitive = typeof node === 'string' ? primitives[node] : undefined;
    if (primitive !== undefined) {
      this.lines.push(`reader.${primitive};`);
      return;
    }
    const type = resolved(node);
    if (type?.type === 'enum') this.lines.push(`reader.readEnum(${this.#symbols(type)});`);
    else if (type !== undefined) this.scanRecord(type, `${name}.`);
    else {
      const { items } = node as { readonly items?: SchemaNode };
      if (items === undefined) throw new Error(`${name}: maps cannot be passed over`);
      this.lines.push(
        'for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount()) {',
        'for (let index = 0; index < count; index++) {',
      );
      this.#pass(items, `${name}[]`);
      this.lines.push('}', '}');
    }
  }

  #symbols(type: NamedType): string {
    this.enums.add(type.name);
    return `${lowerFirst(type.name)}Symbols`;
  }
}

function resolved(node: SchemaNode): NamedType | undefined {
  if (typeof node === 'string') return definitions.get(plain(node));
  return isNamed(node) ? node : undefined;
}

/** Statements that pass over a record, checking it, and the enums that they need. */
export function passOver(type: NamedType): { readonly lines: readonly string[]; readonly enums: ReadonlySet<string> } {
  const module = new ScanModule({ name: '', doc: '', record: type.name, values: [], positions: [] });
  module.scanRecord(type, '');
  return module;
}

/** Module of a scan. @param enumFile the generated file that defines an enum */
export function scanModule(spec: ScanSpec, enumFile: (name: string) => string): string {
  const module = new ScanModule(spec);
  module.scanRecord(definitions.get(spec.record)!, '');
  module.requireAll();
  const types = new Set(module.kept.map(({ type }) => type));
  const imports = new Map<string, string[]>();
  for (const name of module.enums) {
    const symbols = [...(types.has(name) ? [`type ${name}`] : []), `${lowerFirst(name)}Symbols`];
    imports.set(enumFile(name), [...(imports.get(enumFile(name)) ?? []), ...symbols]);
  }
  const verb = `scan${spec.record}`;
  return [
    '// Generated by `npm run generate`; what is kept is listed in schemas/generate/scans.ts. Do not edit.',
    `import type { AvroReader } from '../avro-reader.ts';`,
    ...[...imports].sort().map(([file, names]) => `import { ${names.sort().join(', ')} } from './${file}.ts';`),
    '',
    `/** ${spec.doc} One object serves any number of scans. */`,
    `export class ${spec.name} {`,
    ...module.kept.flatMap(({ name, type, initial, doc }) => [`  /** ${doc} */`, `  ${name}: ${type} = ${initial};`]),
    '}',
    '',
    `/** Reads a ${spec.record}, as \`read${spec.record}\` does, into \`scan\`. Throws AvroDecodeError on bytes that are none. */`,
    `export function ${verb}(reader: AvroReader, scan: ${spec.name}): void {`,
    ...module.lines.map((line) => `  ${line}`),
    '}',
    '',
  ].join('\n');
}
