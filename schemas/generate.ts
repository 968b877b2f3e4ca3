/**
 * Generates TypeScript from the Avro schemas: an interface, a reader and a writer per record, a union per enum.
 * `npm run generate` writes schemas/generated/; a test checks that what is committed is what would be generated.
 * What was ever written must stay readable: every version goes into schemas/avro/history, which only grows.
 * Names become camelCase; a long is a number (exact below 2^53) unless its field says `"js": "bigint"`;
 * with `"js": "rounded"` one beyond 2^53 is taken for the next number that there is.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodingOf, schemaFingerprint } from './avro-fingerprint.ts';
import { codecModule } from './generate/codecs.ts';
import { eventFieldsHeader } from './generate/event-fields.ts';
import { nodes, selfContained } from './generate/model.ts';
import { rowModules } from './generate/rows.ts';
import { scanModules } from './generate/scans.ts';
import { sideIdsModule } from './generate/side-ids.ts';
import { flowViews, tagViews } from './generate/tag-views.ts';

/** Records that other systems read: each also as one file that stands alone, with docs and defaults, for their readers. */
const sharedRecords: ReadonlySet<string> = new Set(['Trace', 'Resource']);

const directory = new URL('./', import.meta.url);

/** All generated files, by their path relative to schemas/. */
export function generate(): Map<string, string> {
  const files = new Map<string, string>();
  const schemaLines: string[] = [];
  for (const [file, node] of nodes) {
    files.set(`generated/${file}.ts`, codecModule(file, node));
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
  files.set('generated/side-ids.ts', sideIdsModule());
  files.set('clickhouse/derived/3-spans-named.sql', tagViews());
  files.set('clickhouse/derived/6-flows.sql', flowViews());
  for (const [path, text] of rowModules()) files.set(path, text);
  for (const [path, text] of scanModules()) files.set(path, text);
  files.set('../native/generated/event-fields.h', eventFieldsHeader());
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of generate()) writeFileSync(new URL(path, directory), text);
}
