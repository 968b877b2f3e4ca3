import { LruEntry } from '../lru.ts';
import { RequestLaw } from './request-law.ts';
import { TrackRecord } from './track-record.ts';
import { TurnLaw } from './turn-law.ts';
import { categories, type Category } from './work.ts';

/**
 * What was learned about one process and one kind of context: how well each hypothesis did by category, apart for
 * moments with several requests in flight (contested) and with one, and the laws that the two queues follow.
 */
export class Discipline extends LruEntry {
  /** Made when they are first asked: most contexts never wait for many sockets at once. */
  private turn: TurnLaw | undefined;
  private request: RequestLaw | undefined;
  private readonly contested = categories.map(() => new TrackRecord());
  private readonly single = categories.map(() => new TrackRecord());

  get turnLaw(): TurnLaw {
    return (this.turn ??= new TurnLaw());
  }

  get requestLaw(): RequestLaw {
    return (this.request ??= new RequestLaw());
  }

  record(category: Category, contested: boolean): TrackRecord {
    return (contested ? this.contested : this.single)[categories.indexOf(category)]!;
  }

  /** Whether the hypothesis may be believed in this category: by its own record, or by that of a harder one. */
  isLearned(category: Category, contested: boolean): boolean {
    const record = this.record(category, contested);
    if (record.learned) return true;
    // With no other message read in the phase, there is less to mistake than among rivals.
    return category === 'alone' && !record.refuted && this.record('among_rivals', contested).learned;
  }

  /** Probability that the hypothesis is right in this category. */
  confidence(category: Category, contested: boolean): number {
    const own = this.record(category, contested);
    const harder = this.record('among_rivals', contested);
    const borrow = category === 'alone' && !own.learned && harder.learned;
    return borrow ? harder.confidence : own.confidence;
  }

  /** The last read holds even where other messages were read since: no queue needs to be watched. */
  get lastReadHolds(): boolean {
    return this.contested[1]!.learned;
  }

  resetQueue(category: 'turn' | 'request'): void {
    this.record(category, true).reset();
    this.record(category, false).reset();
  }
}
