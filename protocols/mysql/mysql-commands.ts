import { utf8Text } from '../dissection/ascii.ts';
import { capability, command, readChangeUser } from './mysql-packets.ts';
import { readExecuteContext, readQueryAttributes } from './mysql-query-attributes.ts';
import { type MysqlSession, type Prepared, toPrepared } from './mysql-session.ts';
import { describeStatement, mysqlDialect, type SqlStatement } from '../sql/sql-statement.ts';
import type { TraceContext } from '../dissection/trace-context.ts';

/** What a command changes once it has succeeded. */
export interface CommandEffect {
  /** A statement that is prepared. */
  readonly prepared?: Prepared | undefined;
  /** The database in use from its first result on. */
  readonly database?: string | undefined;
  /** The database in use once all results are there: of a USE that is not its first statement. */
  readonly lastDatabase?: string | undefined;
  /** The server closes all prepared statements. */
  readonly closesStatements?: boolean;
}

/** What is said of a command, and what it brings about. */
export interface CommandDescription extends CommandEffect {
  readonly requestType: string;
  readonly resource: string;
  readonly endpoint: string;
  readonly context: TraceContext | undefined;
}

const maxDatabaseBytes = 64;
const noEffect: CommandEffect = {};

/** What has to be kept of a command until it is answered. */
export function effectOf(description: CommandDescription): CommandEffect {
  const { prepared, database, lastDatabase, closesStatements } = description;
  if (prepared === undefined && database === undefined && lastDatabase === undefined && closesStatements !== true)
    return noEffect;
  return { prepared, database, lastDatabase, closesStatements: closesStatements === true };
}

/** Describes the command whose first byte is `code` and whose argument stands at `start`. */
export function describeCommand(
  session: MysqlSession,
  code: number,
  name: string,
  bytes: Buffer,
  start: number,
  end: number,
): CommandDescription {
  const bare = { requestType: name, resource: '', endpoint: name, context: undefined };
  switch (code) {
    case command.query: {
      const attributes = readQueryAttributes(bytes, start, end, session.has(capability.queryAttributes));
      const { context } = attributes;
      if (attributes.textStart < 0) return { ...bare, context };
      return describeQuery(describeStatement(bytes, attributes.textStart, end, mysqlDialect), name, context, session);
    }
    case command.prepare: {
      const statement = describeStatement(bytes, start, end, mysqlDialect);
      const { text, shape, context } = statement;
      const prepared = toPrepared(statement);
      return { requestType: name, resource: text, endpoint: `${name} ${shape}`, context, prepared };
    }
    case command.execute:
    case command.bulkExecute: {
      const prepared = session.statement(statementId(bytes, start, end));
      const context = code === command.execute ? readExecuteContext(bytes, start, end) : undefined;
      return {
        requestType: prepared?.verb || name,
        resource: prepared?.text ?? '',
        endpoint: prepared?.shape ?? name,
        context,
      };
    }
    case command.closeStatement:
    case command.resetStatement:
    case command.sendLongData:
    case command.fetch: {
      const id = statementId(bytes, start, end);
      const resource = session.statement(id)?.text ?? '';
      if (code === command.closeStatement) session.forget(id);
      return { ...bare, resource };
    }
    case command.initDatabase: {
      const database = utf8Text(bytes, start, Math.min(end, start + maxDatabaseBytes));
      return { ...bare, resource: database, database };
    }
    case command.changeUser: {
      const { user, database } = readChangeUser(bytes, start, end);
      return { ...bare, resource: user, database, closesStatements: true };
    }
    case command.resetConnection:
      return { ...bare, closesStatements: true };
    default:
      return bare;
  }
}

function describeQuery(
  statement: SqlStatement,
  name: string,
  attributeContext: TraceContext | undefined,
  session: MysqlSession,
): CommandDescription {
  const { verb, text, shape } = statement;
  const { first, last } = databasesOf(statement, session.database);
  return {
    requestType: verb || name,
    resource: text,
    endpoint: shape || name,
    context: attributeContext ?? statement.context,
    database: first,
    lastDatabase: last,
  };
}

function statementId(bytes: Buffer, start: number, end: number): number {
  return start + 4 <= end ? bytes.readUInt32LE(start) : 0;
}

/** A USE, as a statement or behind another: a quoted name, or a plain one in which numbers are hidden. */
const usePattern = /(^|;)\s*use\s+(`(?:[^`]|``)*`|[^\s;`]+)/gi;
const dropPattern = /(?:^|;)\s*drop\s+(?:database|schema)\s+(?:if\s+exists\s+)?(`(?:[^`]|``)*`|[^\s;`]+)/i;

/** Which database a query changes to: with its first statement, and with a later one. */
function databasesOf(
  { verb, text, shape }: SqlStatement,
  current: string,
): { readonly first: string | undefined; readonly last: string | undefined } {
  const none = { first: undefined, last: undefined };
  if (verb === 'DROP') {
    const dropped = dropPattern.exec(shape)?.[1];
    return dropped !== undefined && unquote(dropped) === current ? { first: '', last: undefined } : none;
  }
  if (verb !== 'USE' && !shape.includes(';')) return none;
  let first: string | undefined;
  let last: string | undefined;
  for (const [, before, quoted] of shape.matchAll(usePattern)) {
    const name = quoted!.includes('?') && !quoted!.startsWith('`') ? plainName(text) : unquote(quoted!);
    if (before === '') first = name;
    else last = name;
  }
  return { first, last };
}

function unquote(name: string): string {
  const plain = name.startsWith('`') ? name.slice(1, -1).replaceAll('``', '`') : name;
  return plain.slice(0, maxDatabaseBytes);
}

/** A name with a number in front, which the shape hides; empty when it cannot be told. */
function plainName(text: string): string {
  return /^use\s+([\w$]{1,64})\s*;?$/i.exec(text.trim())?.[1] ?? '';
}
