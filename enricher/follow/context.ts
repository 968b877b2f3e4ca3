import { LruEntry } from '../lru.ts';
import type { Discipline } from './discipline.ts';
import { Lanes } from './lanes.ts';
import { settleSeveral } from './last-read.ts';
import { Read, type Unit, type Work } from './work.ts';

const maxSequel = 256;
const noWork: readonly Work[] = [];

/** How often events of one agent were lost; contexts forget what is in flight when they come to it. */
export interface Losses {
  count: number;
}

/** One execution context: a thread, later a goroutine or coroutine. */
export class Context extends LruEntry {
  readonly discipline: Discipline;
  phase = 0;
  /** Requests read here and not answered. */
  openRequests = 0;
  /** Counts events; the order of all that happens in this context. */
  order = 0;
  lastRead: Read | undefined;
  private readsInPhase = 0;
  private readonly lanes: Lanes;
  /** Phases seen to begin; only a context that waits for many sockets at once has any. */
  private phases = 0;
  private readonly losses: Losses;
  private lossesSeen: number;

  constructor(discipline: Discipline, losses: Losses) {
    super();
    this.discipline = discipline;
    this.losses = losses;
    this.lossesSeen = losses.count;
    this.lanes = new Lanes(this);
  }

  /**
   * Every event starts here: ends the phases that are over.
   *
   * @param phase undefined when the event does not tell: the first bytes of a connection carry that of its connect
   */
  enter(phase: number | undefined): void {
    if (this.lossesSeen !== this.losses.count) this.forget();
    this.order++;
    if (phase === undefined || phase === this.phase) return;
    this.seal();
    this.lastRead = undefined;
    this.readsInPhase = 0;
    if (phase < this.phase) this.lanes.reset();
    else if (this.followsQueue) this.lanes.advance(this.phase, phase);
    else this.lanes.reset();
    this.phase = phase;
    this.phases++;
  }

  /** The last read, if it is the one the kernel names. */
  readNamed(after: number): Read | undefined {
    return after !== 0 && this.lastRead?.messageId === after ? this.lastRead : undefined;
  }

  /** Something is about to be read: nothing more can follow from the read before. */
  seal(): void {
    const read = this.lastRead;
    if (read?.sequel !== undefined) {
      settleSeveral(read, read.sequel);
      read.sequel = undefined;
    }
  }

  /** Something was read. `arrived` is the part of `works` that is complete now and waits for its turn. */
  read(messageId: number, works: readonly Work[], arrived: readonly Work[]): void {
    if (this.lastRead?.messageId !== messageId) this.readsInPhase++;
    const read = new Read(messageId, this.readsInPhase, this);
    read.works = works.length === 0 ? noWork : works;
    if (works.length > 1) read.sequel = [];
    this.lastRead = read;
    if (arrived.length > 0 && this.followsQueue) this.lanes.arrive(this.phase, this.order, arrived);
  }

  /** A unit was written, or a connection begun for one. */
  wrote(unit: Unit, after: Read | undefined): void {
    if (this.lossesSeen !== this.losses.count) this.forget();
    const sequel = after?.sequel;
    if (sequel !== undefined && sequel.length < maxSequel) sequel.push(unit);
    if (this.followsQueue) this.lanes.write(this.phase, unit);
  }

  /** Events of this context were lost: what was in flight cannot be told apart any more. */
  private forget(): void {
    this.lossesSeen = this.losses.count;
    this.lastRead = undefined;
    this.readsInPhase = 0;
    this.lanes.reset();
  }

  private get followsQueue(): boolean {
    return this.phases > 1 && !this.discipline.lastReadHolds;
  }
}
