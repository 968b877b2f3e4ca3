import { describe, expect, it } from 'vitest';
import { sections } from '../cli/settings.ts';
import { describeSection, type ConfigSection } from '../core/config/section.ts';
import { projectFile } from '../core/project-files.ts';
import { brokenLinks, missingFiles, otherFiles, proseOf, unknownNames } from './structure/mentions.ts';
import { readTexts } from './structure/read-structure.ts';
import { sourceFile } from './structure/source-files.ts';

describe('pages and comments of the tree', () => {
  const texts = readTexts(projectFile()).map((file) => ({ path: file.path, prose: proseOf(file) }));

  it('have been read', () => {
    expect(texts.length).toBeGreaterThan(1000);
    expect(texts.filter(({ path }) => path.endsWith('.md')).length).toBeGreaterThan(15);
  });

  it('mention everything that is listed as no file of the tree', () => {
    const isMentioned = (name: string): boolean => texts.some(({ prose }) => prose.includes(name));
    expect(Object.keys(otherFiles).filter((name) => !isMentioned(name))).toEqual([]);
  });

  it('mention settings that exist', () => {
    const settings = Object.values<ConfigSection>(sections).flatMap(describeSection);
    const known = new Set([
      'SPANLOOM_POD_UID',
      ...settings.flatMap(({ environmentName, formerName }) => [environmentName, formerName]),
    ]);
    const mentioned = texts
      .filter(({ path }) => !/\.(h|c|cc)$/.test(path))
      .flatMap(({ path, prose }) => {
        const names = prose.match(/\bSPANLOOM_[A-Z0-9_]*[A-Z0-9]\b/g) ?? [];
        return names.map((name) => ({ path, name }));
      });
    expect(mentioned.length).toBeGreaterThan(200);
    const unknown = mentioned.filter(({ name }) => !known.has(name));
    expect(unknown.map(({ path, name }) => `${path} mentions ${name}`)).toEqual([]);
  });
});

describe('what is read of pages and comments', () => {
  const tree = ['a/b.ts', 'a/c.md', 'native/d.h'];
  const missing = (path: string, text: string): readonly string[] => missingFiles([{ path, text }], tree);
  // Put together, so that this file does not mention them itself.
  const [gone, link] = ['gone.ts', (name: string) => `{@${'link'} ${name}}`];

  it('has paths from the root or from the file, and names of files anywhere', () => {
    const known = '`a/b.ts` b.ts, (native/d.h) ../native/d.h';
    const others = 'a/<name>/x.ts https://x.org/y.md *.test.ts Node.js';
    expect(missing('a/c.md', `${known} ${others}`)).toEqual([]);
    expect(missing('a/c.md', 'see e/b.ts, f.ts.')).toEqual(['a/c.md mentions e/b.ts', 'a/c.md mentions f.ts']);
  });

  it('has of a source its comments only', () => {
    expect(missing('a/b.ts', `import '${gone}';`)).toEqual([]);
    const mention = `a/b.ts mentions ${gone}`;
    expect(missing('a/b.ts', `f(); // ${gone}`)).toEqual([mention]);
    expect(missing('a/b.ts', `/** ${gone} */`)).toEqual([mention]);
  });

  it('has links with the headings they lead to', () => {
    const links = ['b.ts', '#one-a-b', 'https://x.org', '../native', '#two', 'g.md'];
    const text = ['# One: a `b`', ...links.map((target) => `[x](${target})`)].join('\n');
    expect(brokenLinks([{ path: 'a/c.md', text }], tree)).toEqual(['a/c.md links to #two', 'a/c.md links to g.md']);
  });

  it('has names in doc comments that the file does not know', () => {
    const comment = `/** ${link('A.x')}, ${link('b')} and ${link('C')}. */`;
    const text = `import type { A } from './a.ts';\n${comment}\nconst b = 1;`;
    expect(unknownNames(sourceFile('a/b.ts', text))).toEqual(['a/b.ts links to C']);
  });
});
