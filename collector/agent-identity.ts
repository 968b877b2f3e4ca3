/**
 * Who this agent is, kept in <data directory>/agent.json: its random id, and how far its event ids have gone.
 * Ids are reserved ahead: the file says below which id all given ones lie, and is written anew before they reach it, so
 * that ids never go back, whatever the clock does and whenever the process is killed.
 */
import { randomInt } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PipelineError } from '../core/errors.ts';
import { makePrivateDirectory } from '../core/files/private-directory.ts';

const stateSchema = z.object({
  version: z.literal(1),
  agentId: z
    .int()
    .min(1)
    .max(2 ** 48 - 1),
  eventIdsBelow: z.int().min(0),
  bootId: z.string(),
  bootTimeNs: z.string().regex(/^\d+$/),
});
type State = z.infer<typeof stateSchema>;

/** Ids reserved at a time: seconds at the highest rates a host reaches, so that writing is rare. */
const reservedIds = 10_000_000;

/** What is in a data directory. */
const ownNames: readonly string[] = ['log', 'clickhouse', 'agent.json', 'agent.json.new'];
const isDataDirectory = (names: readonly string[]): boolean => names.every((name) => ownNames.includes(name));

/** What the machine tells of its last boot. */
export interface BootFacts {
  /** Differs from boot to boot. */
  readonly bootId: string;
  /** Unix time in nanoseconds at which CLOCK_BOOTTIME was 0, as measured now. */
  readonly bootTimeNs: bigint;
}

/** An agent's identity while it runs. One process at a time may have it open. */
export class AgentIdentity {
  readonly #path: string;
  #state: State;
  /** Ids of this run begin here. */
  readonly firstEventId: number;
  #lastEventId: number;

  /**
   * Reads the identity of a data directory, or makes one.
   *
   * @throws PipelineError FILE_CORRUPT when agent.json is not one of ours: a new identity would be a second agent
   */
  static open(dataDirectory: string, boot: BootFacts, nowMs: number): AgentIdentity {
    makePrivateDirectory(dataDirectory, isDataDirectory);
    const path = join(dataDirectory, 'agent.json');
    const state = readState(path) ?? {
      version: 1 as const,
      agentId: randomInt(1, 2 ** 48 - 1),
      eventIdsBelow: 0,
      bootId: '',
      bootTimeNs: '0',
    };
    // Within one boot the first measurement stays: start times of processes, and so their ids, are the same in every run.
    const known = state.bootId === boot.bootId && boot.bootId !== '';
    return new AgentIdentity(
      path,
      known ? state : { ...state, bootId: boot.bootId, bootTimeNs: String(boot.bootTimeNs) },
      nowMs,
    );
  }

  private constructor(path: string, state: State, nowMs: number) {
    this.#path = path;
    this.firstEventId = Math.max(Math.round(nowMs * 1000), state.eventIdsBelow);
    this.#lastEventId = this.firstEventId - 1;
    this.#state = state;
    this.#reserve(this.firstEventId + reservedIds);
  }

  /** Random 48-bit number. */
  get agentId(): number {
    return this.#state.agentId;
  }

  /** Unix time in nanoseconds of the last boot; the same in all runs since. */
  get bootTimeNs(): bigint {
    return BigInt(this.#state.bootTimeNs);
  }

  /** Ids up to this one have been given. To be called at least once per {@link reservedIds} / 2 ids. */
  noteEventId(lastEventId: number): void {
    if (lastEventId <= this.#lastEventId) return;
    this.#lastEventId = lastEventId;
    if (lastEventId + reservedIds / 2 > this.#state.eventIdsBelow) this.#reserve(lastEventId + reservedIds);
  }

  /** Gives back what was reserved and not used. No id may be given afterwards. */
  close(): void {
    this.#reserve(this.#lastEventId + 1);
  }

  #reserve(eventIdsBelow: number): void {
    this.#state = { ...this.#state, eventIdsBelow };
    writeAtomically(this.#path, `${JSON.stringify(this.#state, undefined, 2)}\n`);
  }
}

/** It has some hundred bytes. What is larger, or a pipe, is none of ours and is not read. */
const maximumBytes = 64 * 1024;

function readState(path: string): State | undefined {
  let text: string;
  try {
    const found = statSync(path);
    text = found.isFile() && found.size <= maximumBytes ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', `${path} cannot be read.`, { cause: error });
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new PipelineError(
      'FILE_CORRUPT',
      `${path} is not the identity of an agent: restore it, or remove it to become a new agent.`,
      { cause: error },
    );
  }
}

/** The old content or the new one, also after a power failure. */
function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const directory = openSync(join(path, '..'), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
