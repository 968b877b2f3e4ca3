/** A protocol is a folder: what the list, the Avro enum and the folders must have of each. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { protocolSymbols } from '../schemas/generated/span.ts';
import { conventionsOf } from './conventions.ts';
import { generatedFiles } from './generate.ts';
import { protocols } from './protocols.ts';

const root = join(import.meta.dirname, '..');
const names = protocolSymbols.filter((symbol) => symbol !== 'unknown');

/** What a protocol's folder must have. */
const required = ['definition.ts', 'redaction.cc', 'testing/examples.ts'];

describe('every protocol of the enum in schemas/avro/span.avsc', () => {
  it.each(names)('%s has its files', (name) => {
    const missing = required.map((file) => `protocols/${name}/${file}`).filter((file) => !existsSync(join(root, file)));
    expect(missing).toEqual([]);
  });

  it('is in the list protocols/protocols.ts, once', () => {
    expect(protocols.map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  it.each(protocols)('$name: its parts agree', ({ name, dissector, usualPorts }) => {
    expect(dissector.protocol).toBe(name);
    expect(usualPorts.length).toBeGreaterThan(0);
    expect(conventionsOf(name)).toBeDefined();
    const symbol = `k${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const source = readFileSync(join(root, 'protocols', name, 'redaction.cc'), 'utf8');
    expect(source, `protocols/${name}/redaction.cc`).toContain(`const Protocol ${symbol} = {`);
  });

  it('has a folder, and no folder has a definition without being one', () => {
    const folders = readdirSync(join(root, 'protocols')).filter((folder) =>
      existsSync(join(root, 'protocols', folder, 'definition.ts')),
    );
    expect(folders.sort()).toEqual([...names].sort());
  });
});

describe('generated files', () => {
  it('are what the list generates: otherwise run `npm run generate` and commit what it writes', () => {
    const stale = [...generatedFiles()].filter(([path, text]) => {
      const file = join(root, path);
      return !existsSync(file) || readFileSync(file, 'utf8') !== text;
    });
    expect(stale.map(([path]) => path)).toEqual([]);
  });
});
