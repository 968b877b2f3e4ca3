/**
 * The identity of this agent, in <data directory>/agent.json: its key, from which its id is derived, and a bound of its event
 * ids. Ids are reserved ahead: all assigned ids are below the bound in the file, which is rewritten before they reach it. So
 * ids never decrease, regardless of the clock and of kills.
 */
import { closeSync, fchmodSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AgentKey } from '../core/agents/agent-key.ts';
import { PipelineError } from '../core/errors.ts';
import { makePrivateDirectory } from '../core/files/private-directory.ts';

const shared = {
  agentId: z.int().min(1),
  eventIdsBelow: z.int().min(0),
  bootId: z.string(),
  bootTimeNs: z.string().regex(/^\d+$/),
};
const stateSchema = z.object({
  version: z.literal(2),
  ...shared,
  publicKey: z.string(),
  /** The only copy. */
  privateKey: z.string(),
});
/** An id without a key, as it was before agents signed. */
const keylessSchema = z.object({ version: z.literal(1), ...shared });
type State = z.infer<typeof stateSchema>;

/** Ids reserved at a time: seconds at the highest rates a host reaches, so that writing is rare. */
const reservedIds = 10_000_000;

/** What is in a data directory. */
const ownNames: readonly string[] = ['log', 'clickhouse', 'agent.json', 'agent.json.new'];
const isDataDirectory = (names: readonly string[]): boolean => names.every((name) => ownNames.includes(name));

/** Facts about the machine's last boot. */
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
  /** What this agent signs with. */
  readonly key: AgentKey;
  /** The id that this agent had before it had a key, in the run in which it gets one. */
  readonly formerAgentId: number | undefined;
  /** Ids of this run begin here. */
  readonly firstEventId: number;
  #lastEventId: number;

  /**
   * Reads the identity of a data directory, or makes one, which takes about half a second.
   *
   * @throws PipelineError FILE_CORRUPT when agent.json is not one of ours: a new identity would be a second agent
   */
  static open(dataDirectory: string, boot: BootFacts, nowMs: number): AgentIdentity {
    makePrivateDirectory(dataDirectory, isDataDirectory);
    const path = join(dataDirectory, 'agent.json');
    const read = readState(path);
    const key = read?.key ?? AgentKey.forAgent();
    const state = { ...(read?.state ?? noState), version: 2 as const, agentId: key.agentId!, ...key.store() };
    const formerAgentId = read?.key === undefined ? read?.state.agentId : undefined;
    // Within one boot the first measurement stays: start times of processes, and so their ids, are the same in every run.
    const known = state.bootId === boot.bootId && boot.bootId !== '';
    const booted = known ? state : { ...state, bootId: boot.bootId, bootTimeNs: String(boot.bootTimeNs) };
    return new AgentIdentity({ path, state: booted, key, formerAgentId }, nowMs);
  }

  private constructor(
    {
      path,
      state,
      key,
      formerAgentId,
    }: {
      readonly path: string;
      readonly state: State;
      readonly key: AgentKey;
      readonly formerAgentId: number | undefined;
    },
    nowMs: number,
  ) {
    this.#path = path;
    this.key = key;
    this.formerAgentId = formerAgentId;
    this.firstEventId = Math.max(Math.round(nowMs * 1000), state.eventIdsBelow);
    this.#lastEventId = this.firstEventId - 1;
    this.#state = state;
    this.#reserve(this.firstEventId + reservedIds);
  }

  /** A number of 53 bits that follows from the key. */
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

const noState = { eventIdsBelow: 0, bootId: '', bootTimeNs: '0' } as const;

interface ReadIdentity {
  readonly state: z.infer<typeof stateSchema> | z.infer<typeof keylessSchema>;
  /** Undefined: it has none yet. */
  readonly key: AgentKey | undefined;
}

function readState(path: string): ReadIdentity | undefined {
  let text: string;
  try {
    const found = statSync(path);
    text = found.isFile() && found.size <= maximumBytes ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', `${path} cannot be read.`, { cause: error });
  }
  try {
    const state = z.discriminatedUnion('version', [stateSchema, keylessSchema]).parse(JSON.parse(text));
    if (state.version === 1) return { state, key: undefined };
    const key = AgentKey.restore(state);
    if (key.agentId !== state.agentId) throw new Error('the id is not that of the key');
    return { state, key };
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
    // Also of a file that a killed process left behind.
    fchmodSync(file, 0o600);
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
