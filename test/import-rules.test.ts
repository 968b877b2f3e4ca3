import { describe, expect, it } from 'vitest';
import { projectFile } from '../core/project-files.ts';
import { readSourceFiles, sourceFile, type SourceFile } from '../scripts/structure/source-files.ts';

/** What each folder may import besides itself and packages. A folder that is not named here has no rule. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  protocols: ['schemas'],
  opentelemetry: ['schemas', 'protocols'],
  core: ['schemas'],
  native: ['schemas'],
  collector: ['core', 'schemas', 'native', 'protocols', 'opentelemetry'],
  enricher: ['core', 'schemas', 'protocols', 'opentelemetry'],
  correlator: ['core', 'schemas'],
  sink: ['core', 'schemas', 'protocols', 'opentelemetry'],
  query: ['core', 'schemas', 'protocols', 'opentelemetry'],
};

/**
 * What tests of a folder may import, too. A protocol's tests also run its spans through the enricher, and its bytes through the addon
 * that redacts them; those of the addon read the captures that protocols are tested with.
 */
const allowedInTests: Readonly<Record<string, readonly string[]>> = {
  protocols: ['enricher', 'core', 'native', 'test'],
  native: ['core', 'protocols', 'test'],
};
/** What lies in `testing/` is compiled with the product, where there is no folder `test/`. */
const allowedInTesting: Readonly<Record<string, readonly string[]>> = { protocols: ['enricher', 'core', 'native'] };

/** What the page takes of the schemas and core: files of which what is taken uses nothing of Node. */
const pureForPage: readonly string[] = [
  'core/stage/losses.ts',
  'query/api/empty-outline-page.ts',
  'query/api/trace-outline-columns.ts',
  'query/where/error-statuses.ts',
  'schemas/generated/span.ts',
  'schemas/observation-points.ts',
  'schemas/tags.ts',
];

const files = readSourceFiles(projectFile());

/** Each import of these files. */
const importsIn = (of: readonly SourceFile[]): readonly { readonly path: string; readonly target: string }[] =>
  of.flatMap(({ path, imports }) => imports.map((target) => ({ path, target })));
const sourceFiles = (folder: string): readonly SourceFile[] => files.filter(({ path }) => folderOf(path) === folder);
const folderOf = (path: string): string => path.split('/')[0]!;
const isOfTests = (path: string): boolean => path.endsWith('.test.ts') || path.includes('/testing/');

describe('a stage imports core, schemas and itself, never another stage', () => {
  for (const [folder, others] of Object.entries(allowed)) {
    it(`${folder} keeps to it`, () => {
      const imports = importsIn(sourceFiles(folder));
      const wrong = imports
        .filter(({ path, target }) => {
          const ofTests = path.endsWith('.test.ts') ? allowedInTests[folder] : allowedInTesting[folder];
          const inTests = isOfTests(path) ? (ofTests ?? []) : [];
          return ![folder, ...others, ...inTests].includes(folderOf(target));
        })
        .map(({ path, target }) => `${path} imports ${target}`);
      expect(wrong).toEqual([]);
      // A rule that saw nothing would always pass.
      expect(sourceFiles(folder).length).toBeGreaterThan(0);
      expect(imports.length).toBeGreaterThan(0);
    });
  }

  it('the page brings only itself and what is pure of the schemas into a browser, and nothing brings the page into Node', () => {
    const ofPage = (path: string): boolean => path.startsWith('query/ui/');
    const page = files.filter(({ path }) => ofPage(path) && !path.endsWith('.test.ts'));
    expect(page.length).toBeGreaterThan(10);
    const brought = page.map(({ path, text }) => sourceFile(path, text.replaceAll(/^(?:im|ex)port type [^;]*;/gm, '')));
    expect(
      importsIn(brought)
        .filter(({ target }) => !ofPage(target) && !pureForPage.includes(target))
        .map(({ path, target }) => `${path} imports ${target}`),
    ).toEqual([]);
    expect(
      importsIn(files)
        .filter(({ path, target }) => !ofPage(path) && !isOfTests(path) && ofPage(target))
        .map(({ path, target }) => `${path} imports ${target}`),
    ).toEqual([]);
  });

  it('a protocol is known to its own folder and to the list of protocols, to nothing else', () => {
    const names = sourceFiles('protocols').flatMap(
      ({ path }) => /^protocols\/([^/]+)\/definition\.ts$/.exec(path)?.[1] ?? [],
    );
    expect(names.length).toBeGreaterThan(0);
    const protocolOf = (path: string): string | undefined => {
      const [folder, name] = path.split('/');
      return folder === 'protocols' && names.includes(name!) ? name : undefined;
    };
    const wrong = importsIn([...Object.keys(allowed), 'cli', 'demo'].flatMap(sourceFiles))
      .filter(({ path }) => !isOfTests(path) && path !== 'protocols/protocols.ts')
      .filter(({ path, target }) => ![undefined, protocolOf(path)].includes(protocolOf(target)))
      .map(({ path, target }) => `${path} imports ${target}`);
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
    expect(sourceFile('core/a.ts', lines.join('\n')).imports).toHaveLength(lines.length);
    expect(sourceFile('core/a.ts', 'const text = `import x from "../sink/x.ts"`;').imports).toEqual([]);
  });
});
