import type { AskedChannels, RedisCommand, RedisReply } from './redis-messages.ts';
import { subscriptions } from './redis-commands.ts';
import { RedisSubscriptions } from './redis-subscriptions.ts';
import { type RedisEffect, type ReplySwitch, RedisTransaction } from './redis-transaction.ts';
import { respType } from './resp.ts';

/**
 * What the commands of one connection changed on it, as far as it bears on replies: whether commands have replies at all
 * (CLIENT REPLY), a transaction, the database and version of the protocol, monitoring and replication. Changes count from
 * the reply that confirms them; until then, requests behind them are taken to see them, and their replies say if not.
 * State: one transaction, with at most 16 changes.
 */

/** A command that waits for its reply. */
export interface Asked {
  readonly command: string;
  /** False for a command whose name was not captured, so that it was not reported. */
  readonly isReported: boolean;
  /** In a transaction: the reply only says that it is queued. */
  readonly isQueued: boolean;
  /** What PING or ECHO gets back; empty when there is none. */
  readonly token: string;
  readonly channels: AskedChannels | undefined;
  readonly effect: RedisEffect | undefined;
  /** The transaction that it begins or ends. */
  readonly transaction: RedisTransaction | undefined;
  /** Database and version as they were reported, where the reply to an earlier command may prove them wrong. */
  readonly assumed: { readonly database: string; readonly version: string } | undefined;
}

/** What comes back for a command. `unclear`: the words that decide it were not captured. `ignored`: not to be reported. */
export type Asking = Asked | 'one-way' | 'ignored' | 'unclear';

const plain = {
  isReported: true,
  isQueued: false,
  token: '',
  channels: undefined,
  effect: undefined,
  transaction: undefined,
  assumed: undefined,
} as const;

/** A command of which nothing was captured but that it is there. */
export const namelessCommand: Asked = { ...plain, command: '', isReported: false };

/** Commands that a transaction does not queue. */
const unqueued: ReadonlySet<string> = new Set('MULTI EXEC DISCARD WATCH QUIT RESET'.split(' '));
const plainAskedByCommand = new Map<string, Asked>();
const maxPlainAsked = 512;

/** Follows one connection; see the top of the file. */
export class RedisSession {
  /** Confirmed database and version. */
  database = '';
  version = '';
  /** Whether values that only RESP3 has were seen, or agreed on. */
  isResp3 = false;
  readonly subscriptions = new RedisSubscriptions();
  monitoring = false;
  /** What follows is the stream of a replication: commands of the server that nothing answers. */
  replicating = false;
  private assumedDatabase = '';
  private assumedVersion = '';
  /** Commands on their way that may change database or version. */
  private changing = 0;
  private repliesOn = true;
  private skipping = false;
  private transaction: RedisTransaction | undefined;
  /** Commands without reply were sent since the last reply. */
  private muted = false;

  /** The database that the next command is taken to see. */
  get nextDatabase(): string {
    return this.changing > 0 ? this.assumedDatabase : this.database;
  }

  /** The version of the protocol that the next command is taken to see. */
  get nextVersion(): string {
    return this.changing > 0 ? this.assumedVersion : this.version;
  }

  /** A command was sent. */
  asks(command: RedisCommand): Asking {
    const { name, words, argumentCount } = command;
    const isSkipped = this.skipping;
    this.skipping = false;
    if (name === 'REPLCONF' && argumentCount > 0 && this.transaction === undefined) {
      const option = words[0]?.toUpperCase();
      // Neither is ever answered; what a replica is asked for comes as such a command of its own.
      if (option === undefined || option === 'ACK' || option === 'GETACK') return 'ignored';
    }
    const assumed = this.changing > 0 ? { database: this.assumedDatabase, version: this.assumedVersion } : undefined;
    if (this.transaction !== undefined && !unqueued.has(name)) return this.queues(command, isSkipped, assumed);
    // Subscribed, RESP2 refuses it.
    if (name === 'CLIENT' && (this.isResp3 || !this.subscriptions.active)) {
      const to = replySwitch(command);
      if (to === 'unclear') return 'unclear';
      if (to !== undefined) return this.switchesReplies(to);
    }
    const hasReplies = (this.repliesOn && !isSkipped) || (name === 'RESET' && !isSkipped);
    const asked = this.describe(command, assumed, hasReplies);
    if (hasReplies) return asked;
    this.muted = true;
    return 'one-way';
  }

  /** The reply to a command: from now on, what it changed counts. */
  replied(asked: Asked, reply: RedisReply): void {
    this.muted = false;
    if (asked.isQueued) return;
    const { isError } = reply;
    if (asked.effect !== undefined) {
      if (!isError) this.apply(asked.effect);
      this.changing--;
    }
    switch (asked.command) {
      case 'MULTI':
        if (isError && asked.transaction !== undefined && asked.transaction === this.transaction)
          this.transaction = undefined;
        return;
      case 'EXEC':
        this.executed(asked.transaction, reply);
        return;
      case 'RESET':
        this.changing--;
        // A server that does not know it goes on as before.
        if (isError) this.transaction ??= asked.transaction;
        else this.reset();
        return;
      case 'MONITOR':
        this.monitoring ||= !isError;
        return;
      case 'SYNC':
        this.replicating = !isError;
        return;
      case 'PSYNC':
        this.replicating = reply.text.startsWith('FULLRESYNC') || reply.text.startsWith('CONTINUE');
    }
  }

  /** What the value at `index` of EXEC's array says of the command there. */
  ran(transaction: RedisTransaction, index: number, isError: boolean): void {
    const effect = transaction.effects.get(index);
    if (effect !== undefined && !isError) this.apply(effect);
  }

  /** The values of EXEC's array cannot be read: what it changed is unknown. */
  ranUnseen(): void {
    this.forgetDatabase();
  }

  /** The reply to this command stays unknown. */
  repliedUnknown(asked: Asked): void {
    if (asked.isQueued) return;
    if (asked.effect !== undefined || asked.command === 'RESET') {
      this.changing--;
      if (asked.effect?.kind !== 'version') this.forgetDatabase();
    } else if (asked.command === 'EXEC' && asked.transaction?.changesConnection === true) {
      this.changing--;
      this.forgetDatabase();
    }
  }

  /** A command was queued although no MULTI was seen. */
  isInTransaction(): void {
    this.transaction ??= new RedisTransaction(false);
  }

  /** Commands were hidden: a transaction may have begun or ended. */
  commandsMissed(): void {
    this.transaction = undefined;
    this.skipping = false;
  }

  /** A command that has no reply got one: replies were never switched off. True when that is so. */
  refusesToBeMuted(reply: RedisReply): boolean {
    if (!this.muted || !reply.isError) return false;
    const { text } = reply;
    if (!text.startsWith('NOAUTH') && !(text.startsWith('NOPERM') && text.includes('client|reply'))) return false;
    this.repliesOn = true;
    this.skipping = false;
    this.muted = false;
    return true;
  }

  private queues(command: RedisCommand, isSkipped: boolean, assumed: Asked['assumed']): Asking {
    const transaction = this.transaction!;
    const { name, words } = command;
    const channels = askedChannels(command);
    const to = name === 'CLIENT' ? replySwitch(command) : undefined;
    if (to === 'unclear') return 'unclear';
    if (to !== undefined) transaction.queueSwitch(to);
    else if (channels !== undefined) {
      if (channels.count === undefined) transaction.queueVague();
      else transaction.queue(undefined, channels.count);
    } else transaction.queue(effectOf(name, words));
    if (!this.repliesOn || isSkipped) {
      this.muted = true;
      return 'one-way';
    }
    return { ...plain, command: name, isQueued: true, assumed };
  }

  private switchesReplies(to: ReplySwitch): Asking {
    if (to === 'ON') {
      this.repliesOn = true;
      return { ...plain, command: 'CLIENT' };
    }
    if (to === 'OFF') this.repliesOn = false;
    else this.skipping = this.repliesOn;
    this.muted = true;
    return 'one-way';
  }

  private describe(command: RedisCommand, assumed: Asked['assumed'], hasReplies: boolean): Asked {
    const { name, words, argumentCount } = command;
    switch (name) {
      case 'MULTI': {
        const begins = this.transaction === undefined ? new RedisTransaction(true) : undefined;
        this.transaction ??= begins;
        return { ...plain, command: name, transaction: begins, assumed };
      }
      case 'EXEC':
        return { ...plain, command: name, transaction: this.executes(hasReplies), assumed };
      case 'DISCARD':
        this.transaction = undefined;
        break;
      case 'RESET': {
        const { transaction } = this;
        this.transaction = undefined;
        this.repliesOn = true;
        if (hasReplies) this.assume('', '');
        else this.reset();
        return { ...plain, command: name, transaction, assumed };
      }
      case 'PING':
      case 'ECHO':
        if (argumentCount === 1 && words[0] !== undefined) return { ...plain, command: name, token: words[0], assumed };
        break;
      case 'SELECT':
      case 'HELLO': {
        const effect = effectOf(name, words);
        if (effect === undefined) break;
        if (!hasReplies) {
          if (effect.kind === 'database') this.forgetDatabase();
        } else if (effect.kind === 'database') this.assume(effect.value, this.nextVersion);
        else this.assume(this.nextDatabase, effect.value);
        return { ...plain, command: name, effect, assumed };
      }
    }
    if (subscriptions.has(name)) return { ...plain, command: name, channels: askedChannels(command), assumed };
    return assumed === undefined ? plainAsked(name) : { ...plain, command: name, assumed };
  }

  private executes(hasReplies: boolean): RedisTransaction | undefined {
    const { transaction } = this;
    this.transaction = undefined;
    if (transaction === undefined) return undefined;
    if (transaction.repliesOn !== undefined) this.repliesOn = transaction.repliesOn;
    this.skipping = transaction.skipsNext && this.repliesOn;
    if (!transaction.changesConnection) return transaction;
    if (!hasReplies) {
      this.forgetDatabase();
      return transaction;
    }
    let database = this.nextDatabase;
    let version = this.nextVersion;
    for (const { kind, value } of transaction.effects.values())
      if (kind === 'database') database = value;
      else version = value;
    this.assume(database, version);
    return transaction;
  }

  private executed(transaction: RedisTransaction | undefined, reply: RedisReply): void {
    if (transaction === undefined) return;
    if (transaction.changesConnection) this.changing--;
    if (transaction.hasUnknownEffects) this.forgetDatabase();
    // It did not run: replies are as they were before.
    if ((reply.isError || reply.isNull) && transaction.repliesOn === false) this.repliesOn = true;
    if (reply.isError || reply.isNull) this.skipping = false;
  }

  private apply(effect: RedisEffect): void {
    if (effect.kind === 'database') this.database = effect.value;
    else {
      this.version = effect.value;
      this.isResp3 = effect.value === '3';
    }
  }

  private assume(database: string, version: string): void {
    this.assumedDatabase = database;
    this.assumedVersion = version;
    this.changing++;
  }

  private forgetDatabase(): void {
    this.database = '';
  }

  private reset(): void {
    this.database = '';
    this.version = '';
    this.isResp3 = false;
    this.subscriptions.end();
    this.monitoring = false;
  }
}

/** Whether this may be the reply to that command, by the few whose replies have a shape of their own. */
export function mayAnswer(asked: Asked, reply: RedisReply): boolean {
  if (reply.isError) return true;
  const { type, text } = reply;
  if (asked.isQueued) return type === respType.simple && text === 'QUEUED';
  switch (asked.command) {
    case 'PING':
      if (type === respType.simple) return text === 'PONG' || text === 'QUEUED';
      return type === respType.bulk || type === respType.verbatim || type === respType.array;
    case 'ECHO':
      return type === respType.bulk || type === respType.verbatim || text === 'QUEUED';
    case 'MULTI':
    case 'DISCARD':
      return type === respType.simple;
    case 'EXEC':
      if (reply.isNull) return true;
      if (type !== respType.array) return false;
      return asked.transaction?.isWhole !== true || reply.count === asked.transaction.queued;
    default:
      return true;
  }
}

const leastTokenLength = 8;

/**
 * Whether nothing but that command can have this reply. `nothingHidden`: no commands were hidden in this run, so that a
 * shape which only one command has cannot belong to a hidden one of its kind.
 */
export function proves(asked: Asked, reply: RedisReply, nothingHidden: boolean): boolean {
  const { type, text } = reply;
  if (reply.isError || asked.isQueued) return false;
  if (asked.token !== '') return asked.token.length >= leastTokenLength && reply.payload === asked.token;
  if (type !== respType.simple || !nothingHidden) return false;
  return (asked.command === 'PING' && text === 'PONG') || (asked.command === 'RESET' && text === 'RESET');
}

function plainAsked(command: string): Asked {
  const known = plainAskedByCommand.get(command);
  if (known !== undefined) return known;
  const asked = { ...plain, command };
  if (plainAskedByCommand.size < maxPlainAsked) plainAskedByCommand.set(command, asked);
  return asked;
}

function askedChannels({ name, words, argumentCount }: RedisCommand): AskedChannels | undefined {
  if (!subscriptions.has(name)) return undefined;
  return { verb: name, first: words[0], count: argumentCount === 0 ? undefined : argumentCount };
}

function effectOf(name: string, words: readonly string[]): RedisEffect | undefined {
  const [word] = words;
  if (word === undefined) return undefined;
  if (name === 'SELECT') return word.length <= 5 ? { kind: 'database', value: word } : undefined;
  return name === 'HELLO' && (word === '2' || word === '3') ? { kind: 'version', value: word } : undefined;
}

/** Which way a command switches replies; `unclear` when that was not captured, undefined when it does not. */
function replySwitch({ words, argumentCount }: RedisCommand): ReplySwitch | 'unclear' | undefined {
  if (argumentCount !== 2) return undefined;
  const [option, to] = words;
  if (option === undefined) return 'unclear';
  if (option.toUpperCase() !== 'REPLY') return undefined;
  if (to === undefined) return 'unclear';
  const word = to.toUpperCase();
  return word === 'ON' || word === 'OFF' || word === 'SKIP' ? word : undefined;
}
