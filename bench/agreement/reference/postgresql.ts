import type { Exchange } from '../exchange.ts';
import { fieldIn, fieldsIn, messagesOf, type PdmlMessage, type PdmlPacket } from './pdml.ts';
import type { Reference } from './reference.ts';

/**
 * What tshark says about PostgreSQL, message by message, put together to what one ReadyForQuery answers: a simple query,
 * or what was sent up to a Sync; what was sent up to a Flush is one of its own. Each message of the client has answers of
 * known types, so it is known which of them an answer belongs to; after an error nothing but ReadyForQuery comes.
 */

/** Messages of a client, by the name that tshark has for them, and what ends the answer of the server to each. */
const answersTo: Readonly<Record<string, readonly string[]>> = {
  Parse: ['Parse completion'],
  Bind: ['Bind completion'],
  Describe: ['Row description', 'No data'],
  Execute: ['Command completion', 'Portal suspended', 'Empty query'],
  Close: ['Close completion'],
};

interface Unit {
  readonly index: number;
  /** Messages whose answers are still to come; a simple query and a login end with ReadyForQuery. */
  readonly open: string[];
  ends: 'ready' | 'answers';
}

interface Connection {
  readonly units: Unit[];
  /** What the client sends until it says Sync or Flush. */
  unit: { frame: number; messages: string[]; texts: string[]; executed: string | undefined; bound: string } | undefined;
  readonly statements: Map<string, string>;
  /** An error was sent: the server skips everything up to the next Sync. */
  failed: boolean;
}

/** Reads PostgreSQL connections; see the top of the file. */
export class PostgresqlReference implements Reference {
  readonly exchanges: Exchange[] = [];
  readonly dissector = 'pgsql';
  readonly remarks = new Map<string, number>();
  private readonly connections = new Map<string, Connection>();

  take(packet: PdmlPacket, port: number): void {
    for (const message of messagesOf(packet, 'pgsql', port)) {
      let connection = this.connections.get(packet.stream);
      if (connection === undefined) {
        connection = { units: [], unit: undefined, statements: new Map(), failed: false };
        this.connections.set(packet.stream, connection);
      }
      const type = fieldIn(message.node, 'pgsql.type')?.show ?? '';
      if (message.fromServer) this.takeBackend(type, message, connection);
      else this.takeFrontend(type, message, connection);
    }
  }

  private takeFrontend(type: string, message: PdmlMessage, connection: Connection): void {
    const { node, frame, packet } = message;
    const text = (name: string): string => fieldIn(node, name)?.show ?? '';
    switch (type) {
      case 'Startup message': {
        this.open(connection, packet.stream, frame, { kind: 'LOGIN', text: startupUser(node) }, ['login'], 'ready');
        return;
      }
      case 'Simple query':
        if (connection.unit !== undefined) {
          this.runBehind(connection, packet.stream, text('pgsql.query'));
          return;
        }
        {
          this.open(connection, packet.stream, frame, { kind: 'query', text: text('pgsql.query') }, ['query'], 'ready');
          return;
        }
      case 'Function call': {
        this.open(connection, packet.stream, frame, { kind: 'call', text: '' }, ['query'], 'ready');
        return;
      }
      case 'Cancel request':
      case 'Termination': {
        const kind = type === 'Termination' ? 'TERMINATE' : 'CANCEL';
        this.exchanges.push({ stream: packet.stream, request: { frame, facts: { kind } }, response: undefined });
        return;
      }
      default:
    }
    if (type !== 'Sync' && type !== 'Flush' && answersTo[type] === undefined) return;
    connection.unit ??= { frame, messages: [], texts: [], executed: undefined, bound: '' };
    const { unit } = connection;
    if (answersTo[type] !== undefined) unit.messages.push(type);
    const statement = text('pgsql.statement');
    if (type === 'Parse') {
      const query = text('pgsql.query');
      connection.statements.set(statement, query);
      unit.texts.push(query);
      unit.bound = query;
    } else if (type === 'Bind') unit.bound = connection.statements.get(statement) ?? '';
    else if (type === 'Execute') unit.executed ??= unit.bound;
    else if (type === 'Describe' || type === 'Close') {
      if (fieldIn(node, 'pgsql.statement') !== undefined) unit.texts.push(connection.statements.get(statement) ?? '');
    }
    if (type !== 'Sync' && type !== 'Flush') return;
    connection.unit = undefined;
    if (unit.messages.length === 0) {
      if (type === 'Sync') connection.units.push({ index: -1, open: [], ends: 'ready' });
      return;
    }
    const facts = { kind: 'query', text: unit.executed ?? unit.texts[0] ?? '' };
    this.open(connection, packet.stream, unit.frame, facts, unit.messages, type === 'Sync' ? 'ready' : 'answers');
  }

  /** A query behind messages without a Sync: its ReadyForQuery ends them all. */
  private runBehind(connection: Connection, stream: string, query: string): void {
    const { frame, messages, executed } = connection.unit!;
    connection.unit = undefined;
    this.open(connection, stream, frame, { kind: 'query', text: executed ?? query }, [...messages, 'query'], 'ready');
  }

  private open(
    connection: Connection,
    stream: string,
    frame: number,
    facts: Record<string, string>,
    open: readonly string[],
    ends: Unit['ends'],
  ): void {
    connection.units.push({ index: this.exchanges.length, open: [...open], ends });
    this.exchanges.push({ stream, request: { frame, facts }, response: undefined });
  }

  private takeBackend(type: string, message: PdmlMessage, connection: Connection): void {
    const { node, frame } = message;
    const unit = connection.units[0];
    if (unit === undefined) return;
    if (type === 'Ready for query') {
      // Flushed messages behind an error are skipped as well.
      while (connection.units.length > 0 && connection.units.shift()!.ends !== 'ready');
      connection.failed = false;
      this.answer(unit, frame, {});
      return;
    }
    if (type === 'Error') {
      this.answer(unit, frame, { code: fieldIn(node, 'pgsql.code')?.show ?? '' });
      if (unit.open[0] === 'login') connection.units.shift();
      else {
        connection.failed = true;
        if (unit.ends === 'answers') connection.units.shift();
      }
      return;
    }
    if (type === 'Command completion') this.answer(unit, frame, { tag: fieldIn(node, 'pgsql.tag')?.show ?? '' });
    else if (type !== 'Notice' && type !== 'Parameter status' && type !== 'Notification' && type !== 'Backend key data')
      if (type !== 'Authentication request' || Number(fieldIn(node, 'pgsql.authtype')?.show) === 0)
        if (type !== 'CopyIn response') this.answer(unit, frame, {});
    const expected = unit.open[0] === undefined ? undefined : answersTo[unit.open[0]];
    if (expected?.includes(type) !== true) return;
    unit.open.shift();
    if (unit.open.length === 0 && unit.ends === 'answers') connection.units.shift();
  }

  private answer({ index }: Unit, frame: number, facts: Record<string, string>): void {
    const exchange = this.exchanges[index];
    if (exchange === undefined) return;
    const before = exchange.response;
    // The first tag and the first error count, and so does the frame in which the answer began.
    this.exchanges[index] = {
      ...exchange,
      response: { frame: before?.frame ?? frame, facts: { ...facts, ...before?.facts } },
    };
  }
}

function startupUser(node: PdmlMessage['node']): string {
  const names = fieldsIn(node, 'pgsql.parameter_name').map(({ show }) => show);
  return fieldsIn(node, 'pgsql.parameter_value')[names.indexOf('user')]?.show ?? '';
}
