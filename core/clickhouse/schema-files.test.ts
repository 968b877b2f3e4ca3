import { expect, it } from 'vitest';
import { knownChecksums, packagedSchema, statementsOf } from './schema-files.ts';

const { migrations, derived } = packagedSchema();
/** First words of a statement, behind its comments. */
const beginningOf = (statement: string): string =>
  statement
    .replaceAll(/^\s*--.*$/gm, '')
    .trim()
    .slice(0, 40);

it('statements of derived files may run at any time, in whatever state the objects are', () => {
  const statements = derived.flatMap(({ sql }) => statementsOf(sql)).map(beginningOf);
  expect(statements.length).toBeGreaterThan(10);
  for (const statement of statements) expect(statement).toMatch(/^CREATE OR REPLACE (DICTIONARY|FUNCTION|VIEW) /);
});

it('migrations make nothing that holds no data', () => {
  for (const { name, sql } of migrations)
    for (const statement of statementsOf(sql).map(beginningOf))
      expect(statement, name).not.toMatch(/^CREATE (OR REPLACE )?(DICTIONARY|FUNCTION|VIEW)/);
});

it('migrations are numbered without gaps', () => {
  expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1));
});

it('a migration is known by its checksum and by those it says it had', () => {
  const former = 'ab'.repeat(32);
  expect([...knownChecksums(`-- formerly ${former}\nSELECT 1;\n`)]).toEqual([
    expect.stringMatching(/^[0-9a-f]{64}$/),
    former,
  ]);
  expect(knownChecksums(`SELECT '-- formerly ${former}';\n`).size).toBe(1);
});
