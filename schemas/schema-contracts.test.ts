/** The schemas as contracts between processes and versions. */
import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schemaFingerprint } from './avro-fingerprint.ts';
import { generate } from './generate.ts';
import { type SchemaName, schemas } from './generated/schemas.ts';
import { anyValueOf, avscType } from './testing/schema-values.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const parse = (text: string): unknown => JSON.parse(text);
const names = Object.keys(schemas) as SchemaName[];
const historyFiles = readdirSync(new URL('avro/history/', import.meta.url));

interface NamedNode {
  readonly name?: string;
  readonly doc?: string;
  readonly fields?: readonly NamedNode[];
  readonly type: unknown;
}

/** Paths of records and fields below `node` that say nothing of themselves. */
function undocumented(node: unknown, path: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { name, doc, fields, ...rest } = node as NamedNode;
  const here = name === undefined ? path : `${path}/${name}`;
  const missing = fields !== undefined && (doc ?? '') === '' ? [here] : [];
  const ofFields = (fields ?? []).flatMap((field) => [
    ...((field.doc ?? '') === '' ? [`${here}.${field.name ?? ''}`] : []),
    ...undocumented(field.type, `${here}.${field.name ?? ''}`),
  ]);
  return [...missing, ...ofFields, ...Object.values(rest).flatMap((value) => undocumented(value, here))];
}

describe('generated files', () => {
  it('are what the schemas generate: otherwise run `npm run generate` and commit what it writes', () => {
    const stale = [...generate()].filter(([path, text]) => {
      try {
        return read(path) !== text;
      } catch {
        return true;
      }
    });
    expect(stale.map(([path]) => path)).toEqual([]);
  });
});

describe.each(names)('%s', (name) => {
  const text = schemas[name].text;

  it('has a doc on every record and field', () => {
    expect(undocumented(parse(text), '')).toEqual([]);
  });

  it('is in the history: otherwise run `npm run generate` and commit the new file; older files stay', () => {
    expect(historyFiles).toContain(`${name}-${schemas[name].fingerprint}.json`);
  });

  const versions = historyFiles.filter((file) => file.startsWith(`${name}-`));
  it.each(versions)('reads what was written with %s', (file) => {
    const writer = parse(read(`avro/history/${file}`));
    expect(`${name}-${schemaFingerprint(writer)}.json`).toBe(file);
    const [writerType, readerType] = [avscType(writer), avscType(parse(text))];
    const resolver = readerType.createResolver(writerType);
    fc.assert(
      fc.property(anyValueOf(writer), ({ avsc }) => {
        expect(readerType.isValid(readerType.fromBuffer(writerType.toBuffer(avsc), resolver))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the fingerprint', () => {
  const schema = { type: 'record', name: 'A', fields: [{ name: 'b', type: 'long' }] };
  const changed = (field: object): unknown => ({ ...schema, fields: [{ ...schema.fields[0], ...field }] });

  it('stays when only words change, and changes with the encoding', () => {
    expect(schemaFingerprint(changed({ doc: 'B.', default: 0, js: 'bigint' }))).toBe(schemaFingerprint(schema));
    expect(schemaFingerprint(changed({ type: 'int' }))).not.toBe(schemaFingerprint(schema));
  });
});
