/**
 * Notes of the message being processed, in one file per partition of a group. Each note is one small write over the former one,
 * so that a process that is killed leaves one or the other.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../../files/make-directory.ts';
import type { TopicPartition, WorkNotes } from '../bus.ts';

/** Folder of the notes in the directory of a log. */
export const workNotesFolder = 'work';

type Message = TopicPartition & { readonly offset: number };

/** All notes are equally long. */
const noteBytes = 32;
const noteOf = (offset: number, state: 'begun' | 'done'): string => `${state} ${offset}`.padEnd(noteBytes - 1) + '\n';

/** What lies there instead of a note, a pipe for one, neither holds this process up nor leads it elsewhere. */
const openFlags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Notes of one consumer. If the file cannot be written, the stage continues, and a death cannot be attributed exactly. */
export class FileWorkNotes implements WorkNotes {
  readonly #directory: string;
  readonly #group: string;
  readonly #files = new Map<string, number>();
  #last: { readonly file: number; readonly offset: number } | undefined;

  /** @param directory of the log; notes get a directory in it */
  constructor(directory: string, group: string) {
    this.#directory = join(directory, workNotesFolder);
    this.#group = group;
  }

  begin(message: Message): void {
    try {
      const file = this.#open(message);
      writeSync(file, noteOf(message.offset, 'begun'), 0);
      this.#last = { file, offset: message.offset };
    } catch {
      this.#last = undefined;
    }
  }

  end(): void {
    if (this.#last === undefined) return;
    const { file, offset } = this.#last;
    this.#last = undefined;
    try {
      writeSync(file, noteOf(offset, 'done'), 0);
    } catch {
      // Then a death before the next note counts against this message.
    }
  }

  takeDeath(source: TopicPartition): number | 'unknown' | undefined {
    try {
      const file = this.#open(source);
      const bytes = Buffer.alloc(noteBytes);
      const note = bytes.toString('latin1', 0, readSync(file, bytes, 0, noteBytes, 0));
      const offset = Number(note.slice('begun '.length));
      if (note !== noteOf(offset, 'begun')) return undefined;
      writeSync(file, noteOf(offset, 'done'), 0);
      return offset;
    } catch {
      return 'unknown';
    }
  }

  close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
    this.#last = undefined;
  }

  #open(source: TopicPartition): number {
    const path = this.#pathOf(source);
    const open = this.#files.get(path);
    if (open !== undefined) return open;
    makeDirectory(this.#directory);
    const file = openSync(path, openFlags, 0o600);
    this.#files.set(path, file);
    return file;
  }

  /** A hash: group and topic together may be longer than the name of a file. */
  #pathOf({ topic, partition }: TopicPartition): string {
    const name = createHash('sha256')
      .update(JSON.stringify([this.#group, topic, partition]))
      .digest('hex')
      .slice(0, 32);
    return join(this.#directory, name);
  }
}
