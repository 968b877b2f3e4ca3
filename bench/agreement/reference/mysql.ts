import type { Exchange } from '../exchange.ts';
import { fieldIn, messagesOf, type PdmlMessage, type PdmlPacket, textOf } from './pdml.ts';
import type { Reference } from './reference.ts';

/**
 * What tshark says about MySQL: commands, and the packets that answer them. A response begins with a packet of number 1
 * and goes on counting; that of a login is its verdict. It fails with the first error in it.
 */

const quit = 1;
const query = 3;
const changeUser = 17;
const prepare = 22;
const execute: ReadonlySet<number> = new Set([23, 250]);
const sendLongData = 24;
const closeStatement = 25;
const silent: ReadonlySet<number> = new Set([quit, sendLongData, closeStatement]);

interface Connection {
  /** Exchanges that wait for a response, by index. */
  readonly waiting: number[];
  authenticating: boolean;
  /** The index of the exchange whose response goes on. */
  answering: number | undefined;
  lastNumber: number;
  /** Texts of prepared statements by their id. */
  readonly statements: Map<string, string>;
  lastPrepared: string;
}

/** The id that stands for the statement that was prepared last. */
const lastStatement = '4294967295';

/** Reads MySQL connections; see the top of the file. */
export class MysqlReference implements Reference {
  readonly exchanges: Exchange[] = [];
  readonly dissector = 'mysql';
  readonly remarks = new Map<string, number>();
  private readonly connections = new Map<string, Connection>();

  take(packet: PdmlPacket, port: number): void {
    for (const message of messagesOf(packet, 'mysql', port)) {
      let connection = this.connections.get(packet.stream);
      if (connection === undefined) {
        connection = {
          waiting: [],
          authenticating: false,
          answering: undefined,
          lastNumber: -1,
          statements: new Map(),
          lastPrepared: '',
        };
        this.connections.set(packet.stream, connection);
      }
      if (message.fromServer) this.takeAnswer(message, connection);
      else this.takeCommand(message, connection);
    }
  }

  private takeCommand({ node, packet, frame }: PdmlMessage, connection: Connection): void {
    const login = fieldIn(node, 'mysql.login_request');
    const number = Number(fieldIn(node, 'mysql.packet_number')?.show ?? -1);
    const command = fieldIn(node, 'mysql.command')?.show;
    if (login !== undefined && number === 1) {
      connection.authenticating = true;
      const user = fieldIn(node, 'mysql.user')?.show ?? '';
      this.open(connection, packet.stream, frame, { command: 'LOGIN', text: user });
    } else if (command !== undefined && number === 0) {
      const code = Number(command);
      connection.authenticating = code === changeUser;
      // "Command: Query (3)"
      const name = /^Command: (.*) \(\d+\)$/.exec(fieldIn(node, 'mysql.command')?.showname ?? '')?.[1] ?? command;
      const facts: Record<string, string> = { command: name };
      if (code === query || code === prepare) facts['text'] = textOf(fieldIn(node, 'mysql.query'));
      if (code === prepare) connection.lastPrepared = facts['text'] ?? '';
      if (execute.has(code)) {
        // Ours names it after its statement, as it does a query.
        const id = fieldIn(node, 'mysql.stmt_id')?.show ?? '';
        facts['command'] = 'Query';
        facts['text'] = id === lastStatement ? connection.lastPrepared : (connection.statements.get(id) ?? '');
      }
      const request = { frame, facts };
      if (silent.has(code)) this.exchanges.push({ stream: packet.stream, request, response: undefined });
      else this.open(connection, packet.stream, frame, facts);
    }
  }

  private open(connection: Connection, stream: string, frame: number, facts: Record<string, string>): void {
    connection.waiting.push(this.exchanges.length);
    this.exchanges.push({ stream, request: { frame, facts }, response: undefined });
  }

  private takeAnswer({ node, frame }: PdmlMessage, connection: Connection): void {
    const number = Number(fieldIn(node, 'mysql.packet_number')?.show ?? -1);
    const first = firstByte(node);
    const code = fieldIn(node, 'mysql.error_code')?.show;
    const previous = connection.lastNumber;
    connection.lastNumber = number;
    if (connection.authenticating) {
      if (number === 0 || (first !== 0 && first !== 0xff)) return;
      connection.authenticating = false;
    } else if (number !== 1 || (previous === 0 && connection.answering !== undefined)) {
      // Numbers wrap at 256.
      if (code !== undefined) this.failLater(connection, code);
      // The verdict about a local file comes after the file.
      const index = connection.waiting[0];
      if (index === undefined || this.exchanges[index]!.request.facts['awaitsFile'] !== 'yes') return;
    }
    const index = connection.waiting[0];
    if (index === undefined) return;
    const exchange = this.exchanges[index]!;
    if (
      first === 0xfb &&
      exchange.request.facts['awaitsFile'] === undefined &&
      exchange.request.facts['command'] === 'Query'
    ) {
      const { request } = exchange;
      this.exchanges[index] = { ...exchange, request: { ...request, facts: { ...request.facts, awaitsFile: 'yes' } } };
      return;
    }
    connection.waiting.shift();
    connection.answering = index;
    const facts = Object.fromEntries(Object.entries(exchange.request.facts).filter(([name]) => name !== 'awaitsFile'));
    const statement = fieldIn(node, 'mysql.stmt_id')?.show;
    if (statement !== undefined) connection.statements.set(statement, facts['text'] ?? '');
    const response = { frame, facts: { error: first === 0xff ? (code ?? 'unread') : '0' } };
    this.exchanges[index] = { ...exchange, request: { ...exchange.request, facts }, response };
  }

  /** A response may fail behind its first packet: at a later statement, or among rows. */
  private failLater({ answering }: Connection, code: string): void {
    const exchange = answering === undefined ? undefined : this.exchanges[answering];
    const response = exchange?.response;
    if (response?.facts['error'] !== '0') return;
    this.exchanges[answering!] = { ...exchange!, response: { ...response, facts: { error: code } } };
  }
}

/** The first byte of a packet's body: that of the first field behind length and number. */
function firstByte(node: PdmlMessage['node']): number {
  const body = node.children.find(({ name }) => name !== 'mysql.packet_length' && name !== 'mysql.packet_number');
  const found = body === undefined ? undefined : body.value === '' ? body.children[0]?.value : body.value;
  return found === undefined || found === '' ? -1 : Number.parseInt(found.slice(0, 2), 16);
}
