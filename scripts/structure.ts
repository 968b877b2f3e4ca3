/**
 * `npm run structure`: prints facts of the tree. `npm run structure -- --since COMMIT` and `-- --commits A B C` print which
 * files a change touched, to count what a protocol, a field or a tag takes.
 */
import { parseArgs } from 'node:util';
import { projectFile } from '../core/project-files.ts';
import { type Lengths, readStructure } from './structure/read-structure.ts';
import { type TouchedFiles, touchedBy, touchedSince } from './structure/touched-files.ts';

const root = projectFile();

function printList(title: string, items: readonly string[]): void {
  console.log(`${title}: ${items.length === 0 ? 'none' : items.length}`);
  for (const item of items) console.log(`  ${item}`);
}

function printLengths(things: string, { count, median, longest }: Lengths): void {
  console.log(`${count} ${things}, median ${median} lines, longest ${longest.lines}: ${longest.name}`);
}

function printTouched({ byHand, partlyGenerated, generated }: TouchedFiles): void {
  printList('written by hand', byHand);
  printList('partly generated', partlyGenerated);
  printList('generated', generated);
}

function printStructure(): void {
  const structure = readStructure(root);
  printLengths('product files', structure.productFiles);
  printLengths('product functions', structure.productFunctions);
  printList(
    'import cycles',
    structure.cycles.map((paths) => paths.join(' ')),
  );
  printList(
    'too long',
    structure.tooLong.map(({ name, lines }) => `${name} ${lines}`),
  );
  printList('allowed to be too long, but not so', structure.notTooLong);
  printList('product files that only tests use', structure.onlyTestsUse);
  printList('product files that import what is of tests', structure.importsOfTests);
  printList('wrong mentions in pages and comments', structure.wrongMentions);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { since: { type: 'string' }, commits: { type: 'boolean', default: false } },
});
if (values.since !== undefined) printTouched(touchedSince(root, values.since));
else if (values.commits) printTouched(touchedBy(root, positionals));
else printStructure();
