/** The tables of topics in the documentation say what the definitions of topics and stages say. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { stages } from '../cli/stages.ts';
import { projectFile } from '../core/project-files.ts';
import { defaultOtlpTopic, type Topic, topicDefinitions, topics } from '../core/topics.ts';

type Row = Readonly<Record<string, string>>;

/** Rows of the table of a page that has these columns, by the names of the columns. */
function tableOf(page: string, columns: readonly string[]): readonly Row[] {
  const lines = readFileSync(projectFile('docs', page), 'utf8').split('\n');
  const cellsOf = (line: string): readonly string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const head = lines.findIndex((line) => columns.every((column) => cellsOf(line).includes(column)));
  expect(head, `${page} has a table with ${columns.join(', ')}`).toBeGreaterThan(-1);
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'));
  const names = cellsOf(lines[head]!);
  return lines
    .slice(head + 2, end)
    .map((line) => Object.fromEntries(cellsOf(line).map((cell, column) => [names[column]!, cell])));
}

const code = (text: string): string => `\`${text}\``;
const listed = (names: readonly string[]): string => names.join(', ');
const writersOf = (topic: Topic): readonly string[] =>
  stages.filter(({ writes }) => writes.includes(topic)).map(({ name }) => name);
const readersOf = (topic: Topic): readonly string[] =>
  stages.filter(({ reads }) => reads.some((read) => read.topic === topic)).map(({ name }) => name);

it('docs/architecture.md has every topic with its key, its value, its writers and its readers', () => {
  const expected = topics.map((topic) => ({
    topic: code(topic),
    key: topicDefinitions[topic].key,
    value: code(topicDefinitions[topic].schema),
    'written by': listed(writersOf(topic)),
    // No stage reads dead letters: people do, by `spanloom dead-letter`.
    'read by': listed(readersOf(topic)) || 'people',
  }));
  const otlp = {
    topic: code(defaultOtlpTopic),
    key: 'trace id',
    value: 'OTLP',
    'written by': 'sink',
    'read by': 'other systems',
  };
  const rows = tableOf('architecture.md', Object.keys(otlp));
  expect([...rows].toSorted(byTopic)).toEqual([...expected, otlp].toSorted(byTopic));
});

it('docs/kafka.md has every topic with what it keeps', () => {
  const meaning = {
    delete: /^`SPANLOOM_BUS_RETENTION`|^the same$/,
    compact: /^compacted:/,
    never: /^everything, in one partition/,
  };
  const rows = new Map(tableOf('kafka.md', ['topic', 'retention']).map((row) => [row['topic'], row['retention']]));
  expect([...rows.keys()].toSorted()).toEqual(topics.map((topic) => code(`spanloom.${topic}`)).toSorted());
  for (const topic of topics)
    expect(rows.get(code(`spanloom.${topic}`)), topic).toMatch(meaning[topicDefinitions[topic].cleanup]);
});

it('docs/deploy.md has every stage with the topics that it reads and writes', () => {
  const rows = tableOf('deploy.md', ['stage', 'reads', 'writes']);
  expect(rows.map((row) => row['stage'])).toEqual(stages.map(({ name }) => name));
  stages.forEach(({ name, reads, writes }, index) => {
    const { reads: readCell, writes: writtenCell } = rows[index]!;
    const read = [...new Set(reads.map(({ topic }) => topic))];
    expect(topicsIn(writtenCell!), name).toEqual([...writes].toSorted());
    // A stage that reads what it wrote itself need not list it.
    if (readCell!.endsWith('its own topics'))
      expect(
        read.filter((topic) => !writes.includes(topic)),
        name,
      ).toEqual([]);
    else expect(topicsIn(readCell!), name).toEqual(read.toSorted());
  });
});

function byTopic(one: Row, other: Row): number {
  return one['topic']!.localeCompare(other['topic']!);
}

/** Names in backticks, sorted. */
function topicsIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!).toSorted();
}
