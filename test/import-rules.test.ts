import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** What each folder may import besides itself and packages. A folder that is not named here has no rule. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  protocols: ['schemas'],
  core: ['schemas'],
  native: ['schemas'],
  collector: ['core', 'schemas', 'native', 'protocols'],
  enricher: ['core', 'schemas', 'protocols'],
  correlator: ['core', 'schemas'],
  sink: ['core', 'schemas', 'protocols'],
  query: ['core', 'schemas', 'protocols'],
};

/** A protocol's tests also run its spans through the enricher, and its bytes through the addon that redacts them. */
const allowedInTestsOfProtocols = ['enricher', 'core', 'native', 'test'];
/** What lies in `testing/` is compiled with the product, where there is no folder `test/`. */
const allowedInTestingOfProtocols = ['enricher', 'core', 'native'];

/** Relative imports of a source text, by TypeScript's own reading: text inside strings and comments is none. */
function importsIn(text: string): readonly string[] {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  return importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith('.'));
}

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes(`${sep}build${sep}`));
}

function isOfTests(path: string): boolean {
  return path.endsWith('.test.ts') || path.includes(`${sep}testing${sep}`);
}

function importsOf(path: string): readonly string[] {
  return importsIn(readFileSync(path, 'utf8')).map((name) => join(dirname(path), name));
}

describe('a stage imports core, schemas and itself, never another stage', () => {
  for (const [folder, others] of Object.entries(allowed)) {
    it(`${folder} keeps to it`, () => {
      const files = sourceFiles(folder);
      const imports = files.flatMap((path) => importsOf(path).map((target) => ({ path, target })));
      const wrong = imports
        .filter(({ path, target }) => {
          const ofTests = path.endsWith('.test.ts') ? allowedInTestsOfProtocols : allowedInTestingOfProtocols;
          const inTests = folder === 'protocols' && isOfTests(path) ? ofTests : [];
          return ![folder, ...others, ...inTests].includes(relative(root, target).split(sep)[0]!);
        })
        .map(({ path, target }) => `${relative(root, path)} imports ${relative(root, target)}`);
      expect(wrong).toEqual([]);
      // A rule that saw nothing would always pass.
      expect(files.length).toBeGreaterThan(0);
      expect(imports.length).toBeGreaterThan(0);
    });
  }

  it('a protocol is known to its own folder and to the list of protocols, to nothing else', () => {
    const names = readdirSync(join(root, 'protocols')).filter((name) =>
      existsSync(join(root, 'protocols', name, 'definition.ts')),
    );
    expect(names.length).toBeGreaterThan(0);
    const protocolOf = (path: string): string | undefined => {
      const [folder, name] = relative(root, path).split(sep);
      return folder === 'protocols' && names.includes(name!) ? name : undefined;
    };
    const wrong = [...Object.keys(allowed), 'cli', 'demo']
      .flatMap(sourceFiles)
      .filter((path) => !isOfTests(path) && relative(root, path) !== join('protocols', 'protocols.ts'))
      .flatMap((path) => importsOf(path).map((target) => ({ path, target })))
      .filter(({ path, target }) => ![undefined, protocolOf(path)].includes(protocolOf(target)))
      .map(({ path, target }) => `${relative(root, path)} imports ${relative(root, target)}`);
    expect(wrong).toEqual([]);
  });

  it('sees every way of importing', () => {
    const lines = [
      `import { a } from '../sink/a.ts';`,
      `import '../sink/b.ts';`,
      `export { c } from "../sink/c.ts";`,
      `const d = await import('../sink/d.ts');`,
      `const e = require('../sink/e.cjs');`,
    ];
    expect(importsIn(lines.join('\n'))).toHaveLength(lines.length);
    expect(importsIn('const text = `import x from "../sink/x.ts"`;')).toEqual([]);
  });
});
