import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { projectFile } from '../core/project-files.ts';
import { functionLengths } from './structure/function-lengths.ts';
import { importCycles, importsOfTestFiles, unreached } from './structure/import-graph.ts';
import { readStructure } from './structure/read-structure.ts';
import { partOf, sourceFile } from './structure/source-files.ts';
import { grouped, partlyGeneratedFiles } from './structure/touched-files.ts';

describe('the tree', () => {
  const structure = readStructure(projectFile());

  it('has been read', () => {
    expect(structure.productFiles.count).toBeGreaterThan(100);
    expect(structure.productFunctions.count).toBeGreaterThan(1000);
  });

  it('has no import cycles, type imports included', () => expect(structure.cycles).toEqual([]));

  it('has no file over 500 lines and no function over 60 but tables', () => {
    expect(structure.tooLong).toEqual([]);
    expect(structure.notTooLong).toEqual([]);
  });

  it('has what only tests use in folders of tests, and nothing there is part of the product', () => {
    expect(structure.onlyTestsUse).toEqual([]);
    expect(structure.importsOfTests).toEqual([]);
  });

  it('has pages and comments that mention only files, headings and names that exist', () => {
    expect(structure.wrongMentions).toEqual([]);
  });
});

describe('what is read of the tree', () => {
  const file = (path: string, ...imports: readonly string[]) =>
    sourceFile(path, imports.map((name) => `import type { A } from '${name}';\n`).join(''));

  it('has cycles through any number of files, each once', () => {
    const files = [
      file('a/a.ts', '../b/b.ts'),
      file('b/b.ts', './c.ts', './d.ts'),
      file('b/c.ts', '../a/a.ts'),
      file('b/d.ts'),
      file('e.ts', './b/d.ts'),
    ];
    expect(importCycles(files)).toEqual([['a/a.ts', 'b/b.ts', 'b/c.ts']]);
  });

  it('has product files that only tests reach, and product files that reach tests', () => {
    const files = [
      file('main.ts', './used.ts'),
      file('used.ts', './testing/maker.ts'),
      file('unused.ts'),
      file('used.test.ts', './unused.ts'),
      file('testing/maker.ts', '../unused.ts'),
    ];
    expect(unreached(files, ['main.ts'])).toEqual(['unused.ts']);
    expect(importsOfTestFiles(files)).toEqual(['used.ts imports testing/maker.ts']);
  });

  it('tells product, tests and generated files apart by their paths', () => {
    const paths = ['core/a.ts', 'core/a.test.ts', 'core/testing/a.ts', 'bench/a.ts', 'schemas/generated/a.ts'];
    expect(paths.map(partOf)).toEqual(['product', 'test', 'test', 'test', 'generated']);
  });

  it('has functions with their lines, without the tests in them', () => {
    const text = [
      'export function suite() {',
      "  describe.each([1])('it', () => {",
      "    test('does', () => {",
      '      done();',
      '    });',
      '  });',
      '}',
      'const short = () =>',
      '  1;',
    ].join('\n');
    expect(functionLengths(sourceFile('a.ts', text))).toEqual([
      { name: 'a.ts#suite', lines: 3 },
      { name: 'a.ts#short', lines: 2 },
    ]);
  });

  it('has touched files by who writes them', () => {
    expect(grouped(['a.ts', 'schemas/generated/b.ts', 'deploy/kafka/acls.sh', 'a.ts'])).toEqual({
      byHand: ['a.ts'],
      partlyGenerated: ['deploy/kafka/acls.sh'],
      generated: ['schemas/generated/b.ts'],
    });
    for (const path of partlyGeneratedFiles) expect(existsSync(projectFile(path))).toBe(true);
  });
});
