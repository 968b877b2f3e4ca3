/**
 * Rewrites values of one schema as values of another (Avro 1.11, "Schema Resolution"): from bytes to bytes, without
 * building records. Fields that the reader does not know are passed over, those that the writer did not know get their
 * default, numbers widen, symbols that the reader does not know become its default symbol. A record whose fields stand in
 * another order is read twice: once to find its fields, once in the order of the reader.
 *
 * The bytes and the writer's schema may be anyone's. Counts are checked against the bytes that are left, and what takes
 * no bytes against a budget (decode-budget.ts); the result is bounded too, for defaults can be larger than what they
 * stand in for.
 */
import { AvroReader } from './avro-reader.ts';
import {
  AvroSchemaError,
  type EnumNode,
  type FieldNode,
  minimumBytes,
  type RecordNode,
  schemaBounds,
  type SchemaNode,
} from './avro-schema.ts';
import { type BudgetedSkip, compileSkip } from './avro-skip.ts';
import { AvroWriter } from './avro-writer.ts';
import { encodeDefault } from './avro-default.ts';
import { DecodeBudget } from './decode-budget.ts';

/** Rewrites one value. @throws AvroDecodeError on bytes that are none of the writer's schema, or that have no translation */
export type Translate = (value: Buffer) => Buffer;

/** Bytes that a result may have: so many for each byte of the value, and some more. */
const outputForByte = 8;
const freeOutput = 1024 * 1024;

/** One value on its way. */
interface Passage {
  readonly reader: AvroReader;
  readonly writer: AvroWriter;
  readonly budget: DecodeBudget;
  readonly maxOutput: number;
}
type Step = (passage: Passage) => void;

/**
 * Makes the translation from one schema to another.
 *
 * @throws AvroSchemaError when no value of the writer could be read by the reader
 */
export function makeTranslation(from: SchemaNode, to: SchemaNode): Translate {
  const step = new Resolver().resolve(from, to, 0);
  const writer = new AvroWriter();
  return (value) => {
    const reader = new AvroReader(value);
    writer.reset();
    step({
      reader,
      writer,
      budget: new DecodeBudget(value.length),
      maxOutput: freeOutput + outputForByte * value.length,
    });
    if (reader.position !== value.length) reader.fail('data after the end of the record');
    return writer.finish();
  };
}

/** From a kind of the writer to one of the reader. */
const primitiveSteps: ReadonlyMap<string, Step> = new Map<string, Step>([
  ['null null', () => undefined],
  ['boolean boolean', ({ reader, writer }) => writer.writeBoolean(reader.readBoolean())],
  ['int int', ({ reader, writer }) => writer.writeLong(reader.readInt())],
  ['int long', ({ reader, writer }) => writer.writeLong(reader.readInt())],
  ['int float', ({ reader, writer }) => writer.writeFloat(reader.readInt())],
  ['int double', ({ reader, writer }) => writer.writeDouble(reader.readInt())],
  ['long long', ({ reader, writer }) => writer.writeBigLong(reader.readBigLong())],
  ['long float', ({ reader, writer }) => writer.writeFloat(Number(reader.readBigLong()))],
  ['long double', ({ reader, writer }) => writer.writeDouble(Number(reader.readBigLong()))],
  ['float float', ({ reader, writer }) => writer.writeFloat(reader.readFloat())],
  ['float double', ({ reader, writer }) => writer.writeDouble(reader.readFloat())],
  ['double double', ({ reader, writer }) => writer.writeDouble(reader.readDouble())],
  ...['string string', 'string bytes', 'bytes string', 'bytes bytes'].map((kinds): [string, Step] => [
    kinds,
    ({ reader, writer }) => writer.writeBytes(reader.readBytes()),
  ]),
]);

const isNamed = (from: { name: string }, to: { name: string; aliases: readonly string[] }): boolean =>
  from.name === to.name || to.aliases.some((alias) => alias.slice(alias.lastIndexOf('.') + 1) === from.name);

class Resolver {
  readonly #skips = new Map<SchemaNode, BudgetedSkip>();
  readonly #records = new Map<SchemaNode, Map<SchemaNode, Step>>();

  resolve(from: SchemaNode, to: SchemaNode, depth: number): Step {
    if (depth > schemaBounds.depth) throw new AvroSchemaError('types that are nested too deeply');
    if (from.kind === 'union') return this.#fromUnion(from.branches, to, depth);
    if (to.kind === 'union') return this.#toUnion(from, to.branches, depth);
    if (from.kind === 'record' && to.kind === 'record' && isNamed(from, to)) return this.#record(from, to, depth);
    if (from.kind === 'enum' && to.kind === 'enum' && isNamed(from, to)) return enumStep(from, to);
    if (from.kind === 'array' && to.kind === 'array')
      return blocksStep(this.resolve(from.items, to.items, depth + 1), minimumBytes(from.items));
    if (from.kind === 'map' && to.kind === 'map') {
      const step = this.resolve(from.values, to.values, depth + 1);
      const entry: Step = (passage) => {
        passage.writer.writeBytes(passage.reader.readBytes());
        step(passage);
      };
      return blocksStep(entry, 1 + minimumBytes(from.values));
    }
    if (from.kind === 'fixed' && to.kind === 'fixed' && from.size === to.size && isNamed(from, to)) {
      const { size } = from;
      return ({ reader, writer }) => writer.writeRaw(reader.readFixed(size));
    }
    const step = primitiveSteps.get(`${from.kind} ${to.kind}`);
    if (step === undefined) throw new AvroSchemaError(`a ${from.kind} where a ${to.kind} should be`);
    return step;
  }

  /** A branch that the reader cannot take matters only in a value that has it. */
  #fromUnion(branches: readonly SchemaNode[], to: SchemaNode, depth: number): Step {
    let lastError = new AvroSchemaError('a union of nothing');
    let usable = 0;
    const steps = branches.map((branch) => {
      try {
        const step = this.resolve(branch, to, depth + 1);
        usable++;
        return step;
      } catch (error) {
        if (!(error instanceof AvroSchemaError)) throw error;
        lastError = error;
        return undefined;
      }
    });
    if (usable === 0) throw lastError;
    return (passage) => {
      const number = passage.reader.readLong();
      const step = steps[number];
      if (step === undefined)
        return passage.reader.fail(
          branches[number] === undefined ? 'branch of a union out of range' : 'a value of an unusable branch',
        );
      step(passage);
    };
  }

  #toUnion(from: SchemaNode, branches: readonly SchemaNode[], depth: number): Step {
    for (const [number, branch] of branches.entries())
      try {
        const step = this.resolve(from, branch, depth + 1);
        return (passage) => {
          passage.writer.writeLong(number);
          step(passage);
        };
      } catch (error) {
        if (!(error instanceof AvroSchemaError)) throw error;
      }
    throw new AvroSchemaError(`no branch takes a ${from.kind}`);
  }

  #record(from: RecordNode, to: RecordNode, depth: number): Step {
    let resolved = this.#records.get(from);
    if (resolved === undefined) this.#records.set(from, (resolved = new Map<SchemaNode, Step>()));
    const known = resolved.get(to);
    if (known !== undefined) return known;
    // For the checks on records behind arrays and unions.
    minimumBytes(from);
    let fields: Step | undefined;
    const step: Step = (passage) => {
      passage.budget.enter(passage.reader);
      fields!(passage);
      passage.budget.leave();
      if (passage.writer.position > passage.maxOutput) passage.reader.fail('a translation many times as large');
    };
    resolved.set(to, step);
    try {
      fields = this.#fields(from, to, depth);
    } catch (error) {
      resolved.delete(to);
      throw error;
    }
    return step;
  }

  #fields(from: RecordNode, to: RecordNode, depth: number): Step {
    const sourceIndexes = to.fields.map((field) => sourceIndexOf(from, field));
    const steps = to.fields.map((field, index) => {
      const sourceIndex = sourceIndexes[index]!;
      return sourceIndex < 0
        ? defaultStep(to, field)
        : this.resolve(from.fields[sourceIndex]!.type, field.type, depth + 1);
    });
    const skips = from.fields.map(({ type }) => compileSkip(type, this.#skips, depth + 1));
    const present = sourceIndexes.filter((index) => index >= 0);
    const isInOrder = present.every((index, position) => position === 0 || index > present[position - 1]!);
    return isInOrder ? inOrder(sourceIndexes, steps, skips) : outOfOrder(sourceIndexes, steps, skips);
  }
}

function sourceIndexOf(from: RecordNode, field: FieldNode): number {
  for (const name of [field.name, ...field.aliases]) {
    const index = from.fields.findIndex((each) => each.name === name);
    if (index >= 0) return index;
  }
  return -1;
}

function defaultStep(record: RecordNode, { name, type, defaultValue }: FieldNode): Step {
  if (defaultValue === undefined) throw new AvroSchemaError(`${record.name}.${name} is missing and has no default`);
  const bytes = encodeDefault(type, defaultValue.json);
  return ({ writer }) => {
    writer.writeRaw(bytes);
  };
}

/** @param places of the reader's fields in the writer's record; -1 for those that it does not have */
function inOrder(places: readonly number[], steps: readonly Step[], skips: readonly BudgetedSkip[]): Step {
  return (passage) => {
    const { reader, budget } = passage;
    let next = 0;
    for (let index = 0; index < steps.length; index++) {
      const place = places[index]!;
      for (; next < place; next++) skips[next]!(reader, budget);
      steps[index]!(passage);
      if (place >= 0) next = place + 1;
    }
    for (; next < skips.length; next++) skips[next]!(reader, budget);
  };
}

function outOfOrder(places: readonly number[], steps: readonly Step[], skips: readonly BudgetedSkip[]): Step {
  return (passage) => {
    const { reader, budget } = passage;
    const starts = skips.map((skip) => {
      const start = reader.position;
      skip(reader, budget);
      return start;
    });
    const end = reader.position;
    for (let index = 0; index < steps.length; index++) {
      const place = places[index]!;
      if (place >= 0) reader.position = starts[place]!;
      steps[index]!(passage);
    }
    reader.position = end;
  };
}

function enumStep(from: EnumNode, to: EnumNode): Step {
  const fallback = to.defaultSymbol === undefined ? -1 : to.symbols.indexOf(to.defaultSymbol);
  const numbers = from.symbols.map((symbol) => {
    const number = to.symbols.indexOf(symbol);
    return number >= 0 ? number : fallback;
  });
  return ({ reader, writer }) => {
    const number = numbers[reader.readLong()] ?? -1;
    if (number < 0) reader.fail('enum symbol out of range');
    writer.writeLong(number);
  };
}

function blocksStep(step: Step, itemBytes: number): Step {
  return (passage) => {
    const { reader, writer, budget } = passage;
    budget.enter(reader);
    for (let count = reader.readBlockCount(itemBytes); count > 0; count = reader.readBlockCount(itemBytes)) {
      writer.writeLong(count);
      for (let index = 0; index < count; index++) {
        budget.spend(reader);
        step(passage);
      }
    }
    writer.writeLong(0);
    budget.leave();
  };
}
