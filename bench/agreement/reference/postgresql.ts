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

/** What the client sends until it says Sync or Flush. The server may answer before it does. */
interface Batch {
  readonly unit: Unit;
  /** Texts of statements that are prepared, described or closed. */
  readonly texts: string[];
  executed: string | undefined;
  bound: string;
}

interface Connection {
  readonly units: Unit[];
  batch: Batch | undefined;
  readonly statements: Map<string, string>;
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
        connection = { units: [], batch: undefined, statements: new Map() };
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
    const { stream } = packet;
    switch (type) {
      case 'Startup message':
        this.open(connection, stream, frame, { kind: 'LOGIN', text: startupUser(node) }, ['login']);
        return;
      case 'Simple query': {
        const query = text('pgsql.query');
        if (connection.batch === undefined)
          this.open(connection, stream, frame, { kind: 'query', text: query }, ['query']);
        else this.runBehind(connection.batch, query);
        connection.batch = undefined;
        return;
      }
      case 'Function call':
        this.open(connection, stream, frame, { kind: 'call', text: '' }, ['query']);
        return;
      case 'Cancel request':
      case 'Termination': {
        const kind = type === 'Termination' ? 'TERMINATE' : 'CANCEL';
        this.exchanges.push({ stream, request: { frame, facts: { kind } }, response: undefined });
        return;
      }
      default:
    }
    if (answersTo[type] !== undefined) this.addToBatch(type, message, connection);
    else if (type === 'Sync' || type === 'Flush') this.endBatch(type, connection);
  }

  private addToBatch(type: string, { node, frame, packet }: PdmlMessage, connection: Connection): void {
    const batch = connection.batch ?? {
      unit: this.open(connection, packet.stream, frame, { kind: 'query', text: '' }, []),
      texts: [],
      executed: undefined,
      bound: '',
    };
    connection.batch = batch;
    batch.unit.open.push(type);
    const statement = fieldIn(node, 'pgsql.statement')?.show ?? '';
    if (type === 'Parse') {
      const query = fieldIn(node, 'pgsql.query')?.show ?? '';
      connection.statements.set(statement, query);
      batch.texts.push(query);
      batch.bound = query;
    } else if (type === 'Bind') batch.bound = connection.statements.get(statement) ?? '';
    else if (type === 'Execute') batch.executed ??= batch.bound;
    else if (fieldIn(node, 'pgsql.statement') !== undefined)
      batch.texts.push(connection.statements.get(statement) ?? '');
    this.describe(batch.unit, batch.executed ?? batch.texts[0] ?? '');
  }

  private endBatch(type: 'Sync' | 'Flush', connection: Connection): void {
    const { batch } = connection;
    connection.batch = undefined;
    if (batch === undefined) {
      if (type === 'Sync') connection.units.push({ index: -1, open: [], ends: 'ready' });
    } else if (type === 'Flush') {
      batch.unit.ends = 'answers';
      if (batch.unit.open.length === 0 && connection.units[0] === batch.unit) connection.units.shift();
    }
  }

  /** A query behind messages without a Sync: its ReadyForQuery ends them all. */
  private runBehind({ unit, executed }: Batch, query: string): void {
    unit.open.push('query');
    this.describe(unit, executed ?? query);
  }

  private describe({ index }: Unit, text: string): void {
    const exchange = this.exchanges[index]!;
    const request = { ...exchange.request, facts: { ...exchange.request.facts, text } };
    this.exchanges[index] = { ...exchange, request };
  }

  private open(
    connection: Connection,
    stream: string,
    frame: number,
    facts: Record<string, string>,
    open: readonly string[],
  ): Unit {
    const unit: Unit = { index: this.exchanges.length, open: [...open], ends: 'ready' };
    connection.units.push(unit);
    this.exchanges.push({ stream, request: { frame, facts }, response: undefined });
    return unit;
  }

  private takeBackend(type: string, message: PdmlMessage, connection: Connection): void {
    const { node, frame } = message;
    const unit = connection.units[0];
    if (unit === undefined) return;
    if (type === 'Ready for query') {
      // Flushed messages behind an error are skipped as well.
      while (connection.units.length > 0 && connection.units.shift()!.ends !== 'ready');
      this.answer(unit, frame, {});
      return;
    }
    if (type === 'Error') {
      this.answer(unit, frame, { code: fieldIn(node, 'pgsql.code')?.show ?? '' });
      if (unit.open[0] === 'login') connection.units.shift();
      else if (unit.ends === 'answers') connection.units.shift();
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
