/**
 * Notes of the message in hand, in a file for each partition of a group. Each note is one small write over the former one,
 * so that a process that is killed leaves one or the other.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TopicPartition, WorkNotes } from '../bus.ts';

/** Folder of the notes in the directory of a log. */
export const workNotesFolder = 'work';

type Message = TopicPartition & { readonly offset: number };

/** All notes are equally long. */
const noteOf = (offset: number, state: 'begun' | 'done'): string => `${state} ${offset}`.padEnd(31) + '\n';

/** Notes of one consumer. A disk that takes none is no reason to stop: then a death tells less. */
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

  takeDeath(source: TopicPartition): number | undefined {
    try {
      const note = readFileSync(this.#pathOf(source), 'latin1');
      const offset = Number(note.slice('begun '.length));
      if (note !== noteOf(offset, 'begun')) return undefined;
      writeSync(this.#open(source), noteOf(offset, 'done'), 0);
      return offset;
    } catch {
      return undefined;
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
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    this.#files.set(path, file);
    return file;
  }

  /** Names of groups and topics may have any characters and length. */
  #pathOf({ topic, partition }: TopicPartition): string {
    const name = createHash('sha256')
      .update(JSON.stringify([this.#group, topic, partition]))
      .digest('hex')
      .slice(0, 32);
    return join(this.#directory, name);
  }
}
