import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FileWorkNotes, workNotesFolder } from './work-notes.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-notes-'));
  folders.push(folder);
  return folder;
}

const source = { topic: 'events', partition: 3 };

it('tell the next owner, once, at which message the last one died', () => {
  const folder = newFolder();
  const dead = new FileWorkNotes(folder, 'group');
  dead.begin({ ...source, offset: 8 });
  dead.end();
  dead.begin({ ...source, offset: 2 ** 53 - 1 });
  const next = new FileWorkNotes(folder, 'group');
  expect(next.takeDeath(source)).toBe(2 ** 53 - 1);
  expect(next.takeDeath(source)).toBeUndefined();
});

it('say nothing of a message that was done, of another partition and of another group', () => {
  const folder = newFolder();
  const notes = new FileWorkNotes(folder, 'group');
  notes.begin({ ...source, offset: 8 });
  expect(new FileWorkNotes(folder, 'group').takeDeath({ ...source, partition: 4 })).toBeUndefined();
  expect(new FileWorkNotes(folder, 'group').takeDeath({ ...source, topic: 'spans' })).toBeUndefined();
  expect(new FileWorkNotes(folder, 'other').takeDeath(source)).toBeUndefined();
  notes.end();
  // Without a message begun there is none to end.
  notes.end();
  expect(new FileWorkNotes(folder, 'group').takeDeath(source)).toBeUndefined();
});

it('are for their owner alone, and one file a partition', () => {
  const folder = newFolder();
  const notes = new FileWorkNotes(folder, 'group');
  for (let offset = 0; offset < 100; offset++) {
    notes.begin({ ...source, offset });
    notes.end();
  }
  const names = readdirSync(join(folder, workNotesFolder));
  expect(names).toHaveLength(1);
  expect(statSync(join(folder, workNotesFolder, names[0]!)).mode & 0o077).toBe(0);
  notes.close();
});

it('that cannot be kept leave it unknown', () => {
  const file = join(newFolder(), 'file');
  writeFileSync(file, '');
  const notes = new FileWorkNotes(file, 'group');
  notes.begin({ ...source, offset: 1 });
  notes.end();
  expect(notes.takeDeath(source)).toBe('unknown');
});

it('that are none say nothing, and are notes again with the next message', () => {
  const folder = newFolder();
  const other = new FileWorkNotes(folder, 'group');
  other.begin({ ...source, offset: 1 });
  const [name] = readdirSync(join(folder, workNotesFolder));
  const path = join(folder, workNotesFolder, name!);
  chmodSync(path, 0o600);
  for (const text of ['', 'begun', 'begun x', '\0'.repeat(32), 'z'.repeat(5_000)]) {
    writeFileSync(path, text);
    expect(other.takeDeath(source)).toBeUndefined();
    other.begin({ ...source, offset: 2 });
    expect(new FileWorkNotes(folder, 'group').takeDeath(source)).toBe(2);
  }
});

it.each(['a pipe', 'a link', 'a folder'])('with %s in their place leave it unknown, and hold nobody up', (what) => {
  const folder = newFolder();
  const first = new FileWorkNotes(folder, 'group');
  first.begin({ ...source, offset: 1 });
  first.close();
  const [name] = readdirSync(join(folder, workNotesFolder));
  const path = join(folder, workNotesFolder, name!);
  rmSync(path);
  const elsewhere = join(folder, 'elsewhere');
  writeFileSync(elsewhere, 'of another');
  if (what === 'a pipe') execFileSync('mkfifo', [path]);
  else if (what === 'a link') symlinkSync(elsewhere, path);
  else mkdirSync(path);
  const notes = new FileWorkNotes(folder, 'group');
  expect(notes.takeDeath(source)).toBe('unknown');
  notes.begin({ ...source, offset: 1 });
  notes.end();
  expect(notes.takeDeath(source)).toBe('unknown');
  expect(readFileSync(elsewhere, 'utf8')).toBe('of another');
});
