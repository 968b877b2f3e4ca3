import type { AvroReader } from './avro-reader.ts';
import { AvroSchemaError, minimumBytes, parseSchema, schemaBounds, type SchemaNode } from './avro-schema.ts';
import { DecodeBudget } from './decode-budget.ts';

/** Moves a reader behind one value; throws AvroDecodeError on bytes that are none. */
export type Skip = (reader: AvroReader) => void;
/** The same, at the expense of a value that it is part of. */
export type BudgetedSkip = (reader: AvroReader, budget: DecodeBudget) => void;

/**
 * Makes the skipper of a schema that stands alone. It finds where values of any version end without building them:
 * values that follow one another in a file have no lengths.
 *
 * @param schema JSON; of a schema from elsewhere, from `parseSchemaJson`
 * @throws AvroSchemaError
 */
export function makeSkip(schema: unknown): Skip {
  const node = parseSchema(schema);
  // However many of them are said to follow, none of them ends the data.
  if (minimumBytes(node) === 0) throw new AvroSchemaError('values of the schema take no bytes');
  const skip = compileSkip(node, new Map());
  return (reader) => {
    skip(reader, new DecodeBudget(reader.buffer.length - reader.position));
  };
}

/** The skipper of one type. @param known those of records made so far */
export function compileSkip(node: SchemaNode, known: Map<SchemaNode, BudgetedSkip>, depth = 0): BudgetedSkip {
  if (depth > schemaBounds.depth) throw new AvroSchemaError('types that are nested too deeply');
  if (minimumBytes(node) === 0) return () => undefined;
  switch (node.kind) {
    case 'boolean':
      return (reader) => void reader.readBoolean();
    case 'int':
      return (reader) => void reader.readInt();
    case 'long':
      return (reader) => {
        reader.skipLong();
      };
    case 'string':
    case 'bytes':
      return (reader) => {
        reader.skipBytes();
      };
    case 'enum': {
      const { symbols } = node;
      return (reader) => void reader.readEnum(symbols);
    }
    case 'record':
      return known.get(node) ?? skipRecord(node, known, depth);
    case 'array':
      return skipBlocks(compileSkip(node.items, known, depth + 1), minimumBytes(node.items));
    case 'map': {
      const skipValue = compileSkip(node.values, known, depth + 1);
      const skipEntry: BudgetedSkip = (reader, budget) => {
        reader.skipBytes();
        skipValue(reader, budget);
      };
      return skipBlocks(skipEntry, 1 + minimumBytes(node.values));
    }
    case 'union': {
      const skips = node.branches.map((branch) => compileSkip(branch, known, depth + 1));
      return (reader, budget) => {
        const skip = skips[reader.readLong()];
        if (skip === undefined) return reader.fail('branch of a union out of range');
        skip(reader, budget);
      };
    }
    default: {
      // float, double and fixed have one size.
      const size = minimumBytes(node);
      return (reader) => {
        reader.skipFixed(size);
      };
    }
  }
}

function skipRecord(
  node: SchemaNode & { readonly kind: 'record' },
  known: Map<SchemaNode, BudgetedSkip>,
  depth: number,
): BudgetedSkip {
  const skips: BudgetedSkip[] = [];
  const skip: BudgetedSkip = (reader, budget) => {
    budget.enter(reader);
    for (const skipField of skips) skipField(reader, budget);
    budget.leave();
  };
  known.set(node, skip);
  for (const { type } of node.fields) skips.push(compileSkip(type, known, depth + 1));
  return skip;
}

function skipBlocks(skipItem: BudgetedSkip, itemBytes: number): BudgetedSkip {
  return (reader, budget) => {
    budget.enter(reader);
    for (let count = reader.readBlockCount(itemBytes); count > 0; count = reader.readBlockCount(itemBytes)) {
      budget.spend(reader);
      // Items of no bytes are behind us already.
      if (itemBytes > 0) for (let index = 0; index < count; index++) skipItem(reader, budget);
    }
    budget.leave();
  };
}
