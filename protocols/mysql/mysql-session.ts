import { utf8Text } from '../dissection/ascii.ts';
import { capability, lengthEncoded, lengthEncodedBytes } from './mysql-packets.ts';
import type { SqlStatement } from '../sql/sql-statement.ts';

/**
 * What a connection has agreed on, and what it has in use: user, database, prepared statements. State: 128 statements of
 * at most 512 bytes of text.
 */

const maxStatements = 128;
const maxStatementText = 512;

/** A prepared statement. */
export interface Prepared {
  readonly verb: string;
  readonly text: string;
  readonly shape: string;
}

/** The text and shape that are kept of a statement that is prepared. */
export function toPrepared({ verb, text, shape }: SqlStatement): Prepared {
  return { verb, shape, text: text.length > maxStatementText ? text.slice(0, maxStatementText) : text };
}

/** The session of one connection. */
export class MysqlSession {
  version = '';
  /** The database in use; empty when there is none or it is not known. */
  database = '';
  /** What the last PREPARE asks for: an EXECUTE of the statement -1 runs it, also before it was answered. */
  lastPrepared: Prepared | undefined;
  private readonly statements = new Map<number, Prepared>();
  private offered: number | undefined;
  private agreed: number | undefined;

  /** The server's greeting: a connection begins. */
  greeted(capabilities: number | undefined): void {
    this.version = '10';
    this.offered = capabilities;
    this.agreed = undefined;
    this.database = '';
    this.forgetStatements();
  }

  loggedIn(capabilities: number): void {
    this.agreed = this.offered === undefined ? capabilities : capabilities & this.offered;
  }

  /** Whether both ends have one of these capabilities; undefined when their handshake was not seen. */
  has(flags: number): boolean | undefined {
    return this.agreed === undefined ? undefined : (this.agreed & flags) !== 0;
  }

  /** Whether packets come in frames once the login has succeeded. */
  get agreedOnFrames(): boolean {
    return this.has(capability.compress | capability.zstd) === true;
  }

  statement(id: number): Prepared | undefined {
    return id === 0xffffffff ? this.lastPrepared : this.statements.get(id);
  }

  remember(id: number, prepared: Prepared): void {
    this.statements.delete(id);
    if (this.statements.size >= maxStatements) {
      for (const oldest of this.statements.keys()) {
        this.statements.delete(oldest);
        break;
      }
    }
    this.statements.set(id, prepared);
  }

  forget(id: number): void {
    this.statements.delete(id);
  }

  /** The server closed them all: the connection was reset, or has another user. */
  forgetStatements(): void {
    this.statements.clear();
    this.lastPrepared = undefined;
  }
}

const sessionStateChanged = 0x4000;
const schemaChange = 1;
const maxChanges = 16;

/**
 * The database that an OK packet says is in use from now on (dev.mysql.com, CLIENT_SESSION_TRACK); undefined when it says
 * nothing of it.
 */
export function readTrackedDatabase(bytes: Buffer, start: number, end: number): string | undefined {
  let at = start + 1;
  for (let number = 0; number < 2; number++) at += at < end ? lengthEncodedBytes(bytes[at]!) : 1;
  if (at + 4 > end || (bytes.readUInt16LE(at) & sessionStateChanged) === 0) return undefined;
  // Flags, warnings, a text for people, then the changes.
  const text = sized(bytes, at + 4, end);
  const changes = text === undefined ? undefined : sized(bytes, text.end, end);
  if (changes === undefined) return undefined;
  let database: string | undefined;
  at = changes.start;
  for (let index = 0; index < maxChanges && at < changes.end; index++) {
    const change = sized(bytes, at + 1, changes.end);
    if (change === undefined) break;
    if (bytes[at] === schemaChange) {
      const name = sized(bytes, change.start, change.end);
      if (name !== undefined) database = utf8Text(bytes, name.start, Math.min(name.end, name.start + 64));
    }
    at = change.end;
  }
  return database;
}

/** The bytes that stand behind their length at `at`; undefined when they were not captured. */
function sized(bytes: Buffer, at: number, end: number): { readonly start: number; readonly end: number } | undefined {
  const length = lengthEncoded(bytes, at, end);
  if (length < 0) return undefined;
  const start = at + lengthEncodedBytes(bytes[at]!);
  return start + length > end ? undefined : { start, end: start + length };
}
