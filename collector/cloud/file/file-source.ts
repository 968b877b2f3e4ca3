/** A file of resources as a source: read again whenever it changes, and kept as it was while it is wrong. */
import { watch, type FSWatcher } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError } from '../../../core/files/file-error.ts';
import { requireRealFile } from '../../../core/files/open-input-file.ts';
import type { StageTelemetry } from '../../../core/telemetry/stage-telemetry.ts';
import type { ResourceRegisters, ResourceSource } from '../../resources/resource-source.ts';
import type { ResourceRegister } from '../../resources/resource-state.ts';
import { cloudEvents } from '../internal-events.ts';
import { readResourceFile } from './read-resource-file.ts';

/** Which file to read, and how often to check it where the system does not report changes (NFS, some containers). */
export interface FileSourceOptions {
  readonly path: string;
  readonly intervalMs: number;
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
}

/** A larger file is a mistake. */
export const maxFileBytes = 64 * 1024 * 1024;
/** Editors write in several steps. */
const settleMs = 100;

/** One file of resources. */
export class FileSource implements ResourceSource {
  readonly name: string;
  readonly #options: FileSourceOptions;
  /** The content last read, also if it was refused: each content is reported once. */
  #text: string | undefined;
  #problem = '';

  constructor(options: FileSourceOptions) {
    this.#options = options;
    this.name = `file:${options.path}`;
  }

  /** Reads the file, then whenever it changes, until the signal fires. */
  async run(registers: ResourceRegisters, signal: AbortSignal): Promise<void> {
    const register = registers.of(this.name);
    // A further run reports everything again.
    this.#text = undefined;
    const changes = new ChangeWatch(this.#options.path);
    try {
      while (!signal.aborted) {
        const unchanged = changes.next(this.#options.intervalMs, signal);
        await this.#look(register);
        await unchanged;
      }
    } finally {
      changes.close();
    }
  }

  async #look(register: ResourceRegister): Promise<void> {
    const { path, telemetry } = this.#options;
    const refuse = (problems: readonly string[]): void => {
      const problem = problems.join('\n');
      if (problem !== this.#problem) telemetry.emit(cloudEvents.fileRefused, { path, problems });
      this.#problem = problem;
    };
    let text: string;
    try {
      const found = await stat(path);
      requireRealFile(path, found);
      const { size } = found;
      if (size > maxFileBytes) {
        refuse([`It has ${size} bytes; at most ${maxFileBytes} are read.`]);
        return;
      }
      text = await readFile(path, 'utf8');
    } catch (error) {
      // Forgotten, so that the same text counts again when the file is back.
      this.#text = undefined;
      refuse([fileError(path, 'read', error).message]);
      return;
    }
    if (text === this.#text) return;
    this.#text = text;
    const read = readResourceFile(text);
    if (read.kind === 'refused') {
      refuse(read.problems.map(({ line, text: said }) => `line ${line}: ${said}`));
      return;
    }
    this.#problem = '';
    register.replaceAll(read.states, BigInt(Date.now()) * 1_000_000n);
    telemetry.emit(cloudEvents.fileRead, { path, resources: read.states.length });
  }
}

/** Reports changes in the folder of a file: mounted configuration changes by a link beside the file. */
class ChangeWatch {
  #watcher: FSWatcher | undefined;
  #changed = new AbortController();

  constructor(path: string) {
    try {
      this.#watcher = watch(dirname(path), { persistent: false }, () => this.#changed.abort());
      // The check at intervals finds changes that this no longer reports.
      this.#watcher.on('error', () => this.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  /** Resolves after a change that comes from now on, or when the time is over or the signal fires. */
  async next(timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#changed = new AbortController();
    const changed = this.#changed.signal;
    await sleep(timeoutMs, undefined, { signal: AbortSignal.any([signal, changed]) }).catch(() => undefined);
    if (changed.aborted && !signal.aborted) await sleep(settleMs, undefined, { signal }).catch(() => undefined);
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
