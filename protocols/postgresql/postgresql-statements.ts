import type { SqlStatement } from '../sql/sql-statement.ts';

/**
 * The named statements and portals of a connection. A Parse or Close counts once the server has completed it; until then
 * what is on its way is known by name too, since a client binds a statement before it knows that it was accepted. State:
 * 128 statements of at most 512 bytes of text, 64 portals, and what is on its way.
 */

const maxStatements = 128;
const maxStatementText = 512;
const maxPortals = 64;

/** What a Parse or Close does to a name once it is completed. */
export interface StatementChange {
  readonly name: string;
  /** Undefined when the name is closed. */
  readonly statement: SqlStatement | undefined;
}

/** Statements and portals by name; see the top of the file. */
export class PostgresqlStatements {
  private readonly statements = new Map<string, SqlStatement>();
  private readonly portals = new Map<string, SqlStatement>();
  /** By name, the last change that is on its way. */
  private readonly coming = new Map<string, StatementChange>();

  /** The statement that has this name once everything that is on its way has arrived. */
  find(name: string): SqlStatement | undefined {
    const change = this.coming.get(name);
    return change === undefined ? this.statements.get(name) : change.statement;
  }

  /** The client asks for a change. */
  ask(name: string, statement: SqlStatement | undefined): StatementChange {
    const change = { name, statement: statement === undefined ? undefined : toKeep(statement) };
    this.coming.set(name, change);
    return change;
  }

  /** The server has made it. */
  make(change: StatementChange): void {
    this.arrive(change);
    this.statements.delete(change.name);
    if (change.statement !== undefined) put(this.statements, change.name, change.statement, maxStatements);
  }

  /** The server did not make it: it refused, or skipped to a Sync. */
  refuse(change: StatementChange, isSkipped: boolean): void {
    this.arrive(change);
    // A Parse that fails has dropped the statement without a name before.
    if (change.name === '' && change.statement !== undefined && !isSkipped) this.statements.delete('');
  }

  /** Nobody knows: a new name was most likely given, an old one may stand for either. */
  assume(change: StatementChange): void {
    const before = this.statements.get(change.name);
    if (before === undefined && change.statement !== undefined) this.make(change);
    else {
      this.arrive(change);
      if (before?.text !== change.statement?.text) this.statements.delete(change.name);
    }
  }

  /** DISCARD ALL and DEALLOCATE ALL. */
  forgetAll(): void {
    this.statements.clear();
  }

  /** DEALLOCATE. */
  forget(name: string): void {
    this.statements.delete(name);
  }

  bind(portal: string, statement: SqlStatement | undefined): void {
    this.portals.delete(portal);
    if (statement !== undefined) put(this.portals, portal, statement, maxPortals);
  }

  portal(name: string): SqlStatement | undefined {
    return this.portals.get(name);
  }

  /** Portals end with their transaction. */
  forgetPortals(): void {
    this.portals.clear();
  }

  private arrive(change: StatementChange): void {
    if (this.coming.get(change.name) === change) this.coming.delete(change.name);
  }
}

/** The trace context belongs to the request that prepares, not to those that run the statement later. */
function toKeep(statement: SqlStatement): SqlStatement {
  const { text } = statement;
  return {
    ...statement,
    text: text.length > maxStatementText ? text.slice(0, maxStatementText) : text,
    context: undefined,
  };
}

function put<Value>(map: Map<string, Value>, name: string, value: Value, most: number): void {
  if (map.size >= most) {
    for (const oldest of map.keys()) {
      map.delete(oldest);
      break;
    }
  }
  map.set(name, value);
}
