import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectFile } from './project-files.ts';

/** A schema as it once was. */
export interface PastSchema {
  /** Name of the topmost record. */
  readonly name: string;
  /** The schema, standing alone, as JSON. */
  readonly text: string;
}

/** Past schemas by fingerprint: what messages that lie in the log for longer may have been written with. */
export type SchemaHistory = ReadonlyMap<string, PastSchema>;

/** Reads `<RecordName>-<fingerprint>.json` files; a directory that is missing is an empty history. */
export function loadSchemaHistory(directory: string): SchemaHistory {
  const history = new Map<string, PastSchema>();
  if (!existsSync(directory)) return history;
  for (const file of readdirSync(directory)) {
    const match = /^([A-Za-z]+)-([0-9a-f]+)\.json$/.exec(file);
    if (match !== null) history.set(match[2]!, { name: match[1]!, text: readFileSync(join(directory, file), 'utf8') });
  }
  return history;
}

let packaged: SchemaHistory | undefined;

/** The history that comes with the package: constant data, read once. */
export function packagedSchemaHistory(): SchemaHistory {
  return (packaged ??= loadSchemaHistory(projectFile('schemas', 'avro', 'history')));
}
