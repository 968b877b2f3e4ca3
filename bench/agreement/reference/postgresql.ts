import type { Exchange, ReadMessage } from '../exchange.ts';
import { fieldIn, fieldsIn, messagesOf, type PdmlMessage, type PdmlPacket } from './pdml.ts';
import type { Reference } from './reference.ts';

/**
 * What tshark says about PostgreSQL, message by message. What the client sends up to Sync or Flush is a batch; a simple
 * query and a login are batches of their own. A batch is cut behind each Execute and what is closed behind it. Each
 * message of the client has answers of known types, so it is known which of them an answer belongs to; after an error
 * nothing but ReadyForQuery comes, and what was to be answered in between was not executed. A statement that only makes
 * ready for the next of its batch is part of that one, unless it fails.
 */

/** Messages of a client, by the name that tshark has for them, and what ends the answer of the server to each. */
const answersTo: Readonly<Record<string, readonly string[]>> = {
  Parse: ['Parse completion'],
  Bind: ['Bind completion'],
  Describe: ['Row description', 'No data'],
  Execute: ['Command completion', 'Portal suspended', 'Empty query'],
  Close: ['Close completion'],
};

/** Messages of a server that answer nothing; the data of a COPY in come before its answer. */
const asides: ReadonlySet<string> = new Set([
  'Notice',
  'Parameter status',
  'Notification',
  'Backend key data',
  'CopyIn response',
]);

const preamble = /^\s*(?:BEGIN|START|SAVEPOINT|SET)\b/i;

interface Unit {
  readonly frame: number;
  readonly kind: string;
  /** Messages whose answers are still to come; a simple query and a login end with ReadyForQuery. */
  readonly open: string[];
  /** What runs, else what is prepared, described or closed, else what is bound. */
  executed: string | undefined;
  named: string | undefined;
  bound: string | undefined;
  /** Name of a statement that was parsed and not bound yet. */
  parsed: string | undefined;
  response: ReadMessage | undefined;
}

/** The server may answer before it ends. */
interface Batch {
  readonly stream: string;
  readonly units: Unit[];
  ends: 'ready' | 'answers';
  /** It takes data of COPY, and no Sync. */
  isCopying: boolean;
}

interface Connection {
  /** Batches that wait for answers. */
  readonly waiting: Batch[];
  /** What the client has not ended yet. */
  batch: Batch | undefined;
  /** The server skips everything up to Sync. */
  isSkipping: boolean;
  readonly statements: Map<string, string>;
  readonly portals: Map<string, string>;
}

/** Reads PostgreSQL connections; see the top of the file. */
export class PostgresqlReference implements Reference {
  readonly exchanges: Exchange[] = [];
  readonly dissector = 'pgsql';
  readonly remarks = new Map<string, number>();
  readonly marks = new Map<string, string>();
  private readonly connections = new Map<string, Connection>();
  private readonly batches: Batch[] = [];

  take(packet: PdmlPacket, port: number): void {
    for (const message of messagesOf(packet, 'pgsql', port)) {
      let connection = this.connections.get(packet.stream);
      if (connection === undefined) {
        const [statements, portals] = [new Map<string, string>(), new Map<string, string>()];
        connection = { waiting: [], batch: undefined, isSkipping: false, statements, portals };
        this.connections.set(packet.stream, connection);
      }
      const type = fieldIn(message.node, 'pgsql.type')?.show ?? '';
      if (message.fromServer) takeBackend(type, message, connection);
      else this.takeFrontend(type, message, connection);
    }
  }

  finish(): void {
    for (const { stream, units } of this.batches) {
      this.exchanges.push(...exchangesOf(stream, units));
      const isPrepared = (unit: Unit): boolean => unit.named === undefined && isPreamble(unit, units);
      if (units.some(isPrepared)) this.marks.set(stream, 'prepared preamble');
    }
  }

  private takeFrontend(type: string, message: PdmlMessage, connection: Connection): void {
    const { node, frame, packet } = message;
    switch (type) {
      case 'Startup message':
        this.open(packet.stream, connection).units.push(unitOf(frame, 'LOGIN', 'login', startupUser(node)));
        return;
      case 'Simple query':
      case 'Function call': {
        // Behind messages without a Sync its ReadyForQuery ends them all.
        const batch = connection.batch ?? this.open(packet.stream, connection);
        const kind = type === 'Function call' ? 'call' : 'query';
        batch.units.push(unitOf(frame, kind, 'query', fieldIn(node, 'pgsql.query')?.show ?? ''));
        connection.batch = undefined;
        return;
      }
      case 'Cancel request':
      case 'Termination': {
        const unit = unitOf(frame, type === 'Termination' ? 'TERMINATE' : 'CANCEL');
        this.batches.push({ stream: packet.stream, units: [unit], ends: 'ready', isCopying: false });
        return;
      }
      default:
    }
    if (answersTo[type] !== undefined) {
      connection.batch ??= this.open(packet.stream, connection);
      addToBatch(type, message, connection.batch, connection);
    } else if (type === 'Sync' || type === 'Flush') this.endBatch(type, packet.stream, connection);
  }

  private endBatch(type: 'Sync' | 'Flush', stream: string, connection: Connection): void {
    const { batch, waiting } = connection;
    connection.batch = undefined;
    if (batch === undefined) {
      if (type === 'Flush') return;
      if (waiting[0]?.isCopying === true) waiting[0].isCopying = false;
      else this.open(stream, connection);
    } else if (type === 'Flush') {
      batch.ends = 'answers';
      endAnswered(connection);
    }
  }

  private open(stream: string, connection: Connection): Batch {
    const batch: Batch = { stream, units: [], ends: 'ready', isCopying: false };
    connection.waiting.push(batch);
    this.batches.push(batch);
    return batch;
  }
}

function unitOf(frame: number, kind: string, message?: string, executed?: string): Unit {
  const open = message === undefined ? [] : [message];
  return { frame, kind, open, executed, named: undefined, bound: undefined, parsed: undefined, response: undefined };
}

function addToBatch(
  type: string,
  { node, frame }: PdmlMessage,
  { units }: Batch,
  { statements, portals }: Connection,
): void {
  const statement = fieldIn(node, 'pgsql.statement')?.show;
  const portal = fieldIn(node, 'pgsql.portal')?.show ?? '';
  let unit = units.at(-1);
  if (unit === undefined || startsNext(type, statement, unit)) {
    unit = unitOf(frame, 'query');
    units.push(unit);
  }
  unit.open.push(type);
  if (type === 'Parse') {
    unit.named = fieldIn(node, 'pgsql.query')?.show ?? '';
    unit.parsed = statement ?? '';
    statements.set(unit.parsed, unit.named);
  } else if (type === 'Bind') {
    unit.bound = statements.get(statement ?? '') ?? '';
    unit.parsed = undefined;
    portals.set(portal, unit.bound);
  } else if (type === 'Execute') unit.executed = portals.get(portal) ?? '';
  else if (statement !== undefined) unit.named ??= statements.get(statement);
  else if (type === 'Describe') unit.named ??= portals.get(portal);
}

/** Whether a message begins another request than the one before it in the batch. */
function startsNext(type: string, statement: string | undefined, { executed, parsed }: Unit): boolean {
  if (type === 'Close') return false;
  if (executed !== undefined) return true;
  // What was prepared and is not bound at once is prepared for later.
  return parsed !== undefined && (type === 'Parse' || (type === 'Bind' && statement !== parsed));
}

function takeBackend(type: string, { node, frame }: PdmlMessage, connection: Connection): void {
  const { waiting } = connection;
  const [batch] = waiting;
  if (batch === undefined) return;
  if (type === 'Ready for query') {
    takeReady(frame, connection);
    return;
  }
  const unit = batch.units.find(({ open }) => open.length > 0) ?? batch.units.at(-1);
  if (unit === undefined) return;
  if (type === 'CopyIn response') batch.isCopying = unit.open[0] === 'Execute';
  if (type === 'Error') {
    // The whole request failed, whatever it had done before.
    const code = fieldIn(node, 'pgsql.code')?.show ?? '';
    unit.response = { frame: unit.response?.frame ?? frame, facts: { code } };
    if (unit.open[0] === 'login') waiting.shift();
    else if (unit.open[0] !== 'query') connection.isSkipping = true;
    return;
  }
  if (asides.has(type)) return;
  if (type === 'Authentication request' && Number(fieldIn(node, 'pgsql.authtype')?.show) !== 0) return;
  answer(unit, frame, type === 'Command completion' ? { tag: fieldIn(node, 'pgsql.tag')?.show ?? '' } : {});
  if (unit.open[0] === undefined || answersTo[unit.open[0]]?.includes(type) !== true) return;
  unit.open.shift();
  endAnswered(connection);
}

function takeReady(frame: number, connection: Connection): void {
  const { waiting, isSkipping } = connection;
  connection.isSkipping = false;
  for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
    for (const unit of batch.units) {
      if (isSkipping) unit.response ??= { frame, facts: { code: 'not executed' } };
      else if (unit.open.length > 0) answer(unit, frame, {});
    }
    // Flushed messages behind an error are skipped as well.
    if (batch.ends === 'ready') return;
  }
}

function endAnswered({ waiting, isSkipping }: Connection): void {
  const [batch] = waiting;
  if (isSkipping || batch?.ends !== 'answers') return;
  if (batch.units.every(({ open }) => open.length === 0)) waiting.shift();
}

function answer(unit: Unit, frame: number, facts: Record<string, string>): void {
  const { response } = unit;
  // The first tag counts, and so does the frame in which the answer began; behind an error nothing counts.
  if (response?.facts['code'] !== undefined) return;
  unit.response = { frame: response?.frame ?? frame, facts: { ...facts, ...response?.facts } };
}

/** Whether a statement only makes ready for the next of its batch. */
function isPreamble(unit: Unit, units: readonly Unit[]): boolean {
  return unit !== units.at(-1) && preamble.test(unit.executed ?? '');
}

/** One for each request: what only makes ready for another one is part of it. */
function exchangesOf(stream: string, units: readonly Unit[]): Exchange[] {
  const exchanges: Exchange[] = [];
  const failed: Exchange[] = [];
  let begin: number | undefined;
  let answered: number | undefined;
  for (const unit of units) {
    const { kind, executed, named, bound, response } = unit;
    const text = executed ?? named ?? bound ?? '';
    const frame = begin ?? unit.frame;
    const facts: Record<string, string> = kind === 'TERMINATE' || kind === 'CANCEL' ? { kind } : { kind, text };
    const request = { frame, facts };
    if (isPreamble(unit, units)) {
      const code = response?.facts['code'];
      if (code !== undefined && code !== 'not executed') failed.push({ stream, request, response });
      else if (code === undefined) answered ??= response?.frame;
      begin = frame;
      continue;
    }
    const whole = response === undefined ? undefined : { ...response, frame: answered ?? response.frame };
    exchanges.push({ stream, request, response: whole });
    [begin, answered] = [undefined, undefined];
  }
  return [...exchanges, ...failed];
}

function startupUser(node: PdmlMessage['node']): string {
  const names = fieldsIn(node, 'pgsql.parameter_name').map(({ show }) => show);
  return fieldsIn(node, 'pgsql.parameter_value')[names.indexOf('user')]?.show ?? '';
}
