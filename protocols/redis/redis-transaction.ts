/**
 * What is known of a transaction while its commands are queued: how many values the array of EXEC has, and what changes on
 * the connection when it runs. A queued command is one value of that array, but one that switches replies off has none,
 * nor has one behind it; a subscription has one for each channel.
 */

const maxEffects = 16;

/** What changes on the connection when a command succeeds. */
export interface RedisEffect {
  readonly kind: 'database' | 'version';
  readonly value: string;
}

/** `CLIENT REPLY` with this argument. */
export type ReplySwitch = 'ON' | 'OFF' | 'SKIP';

/** The commands between MULTI and EXEC; see the top of the file. */
export class RedisTransaction {
  /** Commands queued so far. */
  queued = 0;
  /** Whether every command of it was seen, so that the array is known to have `queued` values. */
  readonly isWhole: boolean;
  /** What changes by the place of the command in the queue. */
  readonly effects = new Map<number, RedisEffect>();
  /** Whether more changes than were kept, or unknown ones. */
  hasUnknownEffects = false;
  /** Values that the array declares and that do not come, less those that come besides. */
  missingValues = 0;
  /** Whether the number of values that follow is unknown. */
  isVague = false;
  /** Whether replies are on when it has run; undefined when it does not switch them. */
  repliesOn: boolean | undefined;
  /** The command behind EXEC has no reply. */
  skipsNext = false;

  constructor(isWhole: boolean) {
    this.isWhole = isWhole;
  }

  /** Whether running it changes anything on the connection. */
  get changesConnection(): boolean {
    return this.effects.size > 0 || this.hasUnknownEffects;
  }

  /** Queues a command. */
  queue(effect: RedisEffect | undefined, values = 1): void {
    if (effect !== undefined) {
      if (this.effects.size < maxEffects) this.effects.set(this.queued, effect);
      else this.hasUnknownEffects = true;
    }
    this.queued++;
    this.missingValues += this.repliesOn === false ? 1 : 1 - values;
  }

  /** Queues an UNSUBSCRIBE from everything, which has as many values as there are subscriptions. */
  queueVague(): void {
    this.queue(undefined);
    this.isVague = true;
  }

  /** Queues `CLIENT REPLY`. */
  queueSwitch(to: ReplySwitch): void {
    if (to === 'ON') {
      this.repliesOn = true;
      this.skipsNext = false;
      this.queue(undefined);
      return;
    }
    if (to === 'OFF') this.repliesOn = false;
    else if (this.repliesOn !== false) this.skipsNext = true;
    this.queued++;
    this.missingValues++;
  }
}
