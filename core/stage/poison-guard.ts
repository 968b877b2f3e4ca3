/**
 * Finds the message that ends a stage, by what is stored with positions. A stage that dies says nothing, so it says before:
 * while it works on a turn, the positions of its partitions are marked (`inHand`), and the mark goes when it rests or ends
 * in order. In a stream without pauses that costs nothing: the mark travels with positions that are stored anyway.
 *
 * Who is given a partition that is marked knows that its last owner died. It takes messages one by one, and marks each
 * before it works on it. If it dies too, the message that is marked was in hand both times; when that has happened as often
 * as was asked for, whoever comes next puts it aside. Only messages that were there when the one before died are suspected,
 * and one that is taken alone is marked only as long as the stage works on it: not while its results are stored, nor while
 * a call waits for a service that is away.
 *
 * A mark is stored a little longer than the work takes, and a kill from outside may hit that time. Where the bus has work
 * notes, the note decides: a death counts only when it hit the work on the marked message itself.
 */
import type { InHand, Position, ReceivedMessage, TopicPartition, WorkNotes } from '../bus/bus.ts';

/** So many messages behind a marked position are taken one by one: what can have been in hand in one turn, about. */
const carefulMessages = 500;
/** Offsets of messages put aside that a position remembers, in bytes of metadata some 1,000. */
const maxPutAside = 64;

/** What to do with a message. */
export type Verdict =
  | { readonly kind: 'work'; readonly isAlone: boolean }
  /** It has ended so many starts: put it aside, now. */
  | { readonly kind: 'condemned'; readonly deaths: number }
  /** It was put aside before, and its letter is there. */
  | { readonly kind: 'known' };

interface Watched {
  readonly source: TopicPartition;
  /** Starts that ended without getting further. */
  deaths: number;
  /** The message that was in hand alone when the last one ended. */
  suspect: { readonly offset: number; readonly deaths: number } | undefined;
  /** Messages that are still to be taken one by one. */
  carefulLeft: number;
  /** End of the partition when it was assigned: what came later was in nobody's hand. */
  carefulBelow: number;
  /** Messages below were worked off by a start before; they are suspected only when nothing else explains the deaths. */
  readonly emittedBelow: number;
  putAside: readonly number[];
  /** Something of it was worked on by this start. */
  isTaken: boolean;
  /** The message that is in hand alone. */
  alone: number | undefined;
  /** The mark as it is to be stored, and as it is. */
  inHand: InHand | undefined;
  storedInHand: InHand | undefined;
}

const keyOf = (source: TopicPartition): string => `${source.topic}/${source.partition}`;
const isSame = (left: InHand | undefined, right: InHand | undefined): boolean =>
  left?.deaths === right?.deaths &&
  left?.message?.offset === right?.message?.offset &&
  left?.message?.deaths === right?.message?.deaths;

/** See the head of this file. */
export class PoisonGuard {
  readonly #maxDeaths: number;
  readonly #notes: WorkNotes | undefined;
  readonly #watched = new Map<string, Watched>();

  /** @param maxDeaths deaths with a message in hand after which it is put aside; 0 watches nothing */
  constructor(maxDeaths: number, notes?: WorkNotes) {
    this.#maxDeaths = maxDeaths;
    this.#notes = notes;
  }

  get isOn(): boolean {
    return this.#maxDeaths > 0;
  }

  /** Takes note of a partition. Returns how many starts have ended with it in hand. */
  assign({ topic, partition, emittedBelow, inHand, putAside = [] }: Position): number {
    const deaths = inHand === undefined || !this.isOn ? 0 : inHand.deaths + 1;
    const message = this.isOn ? inHand?.message : undefined;
    const isDeath = message !== undefined && this.#isDeathAt({ topic, partition }, message.offset);
    this.#watched.set(keyOf({ topic, partition }), {
      source: { topic, partition },
      deaths,
      suspect:
        message === undefined ? undefined : { offset: message.offset, deaths: message.deaths + (isDeath ? 1 : 0) },
      carefulLeft: deaths > 0 ? carefulMessages : 0,
      carefulBelow: Infinity,
      emittedBelow,
      putAside,
      isTaken: false,
      alone: undefined,
      inHand,
      storedInHand: inHand,
    });
    return deaths;
  }

  /** Whether the owner before died at the message that it had marked. */
  #isDeathAt(source: TopicPartition, offset: number): boolean {
    if (this.#notes === undefined) return true;
    const death = this.#notes.takeDeath(source);
    return death === offset || death === 'unknown';
  }

  /** Takes note of the ends of partitions that were assigned just now. */
  bound(ends: readonly (TopicPartition & { readonly offset: number })[]): void {
    for (const end of ends) {
      const watched = this.#watched.get(keyOf(end));
      if (watched !== undefined) watched.carefulBelow = Math.min(watched.carefulBelow, end.offset);
    }
  }

  revoke(source: TopicPartition): void {
    this.#watched.delete(keyOf(source));
  }

  verdict(message: ReceivedMessage): Verdict {
    const watched = this.#watched.get(keyOf(message));
    if (watched === undefined) return { kind: 'work', isAlone: false };
    if (watched.putAside.includes(message.offset)) return { kind: 'known' };
    const { suspect } = watched;
    const isSuspect = suspect?.offset === message.offset;
    if (isSuspect && suspect.deaths >= Math.max(2, this.#maxDeaths))
      return { kind: 'condemned', deaths: suspect.deaths };
    const isNew = message.offset >= watched.emittedBelow || watched.deaths > 1;
    const isSuspected = isNew && watched.carefulLeft > 0 && message.offset < watched.carefulBelow;
    return { kind: 'work', isAlone: isSuspect || isSuspected };
  }

  /** Remembers a message as put aside for as long as it may be read again. */
  putAside(message: ReceivedMessage): void {
    const watched = this.#watched.get(keyOf(message));
    if (watched !== undefined) watched.putAside = [...watched.putAside, message.offset].slice(-maxPutAside);
  }

  /** Marks what is about to be worked on: a turn, or one message alone. */
  take(messages: readonly ReceivedMessage[], isAlone: boolean): void {
    if (!this.isOn) return;
    for (const { topic, partition, offset } of messages) {
      const watched = this.#watched.get(keyOf({ topic, partition }));
      if (watched === undefined) continue;
      watched.isTaken = true;
      watched.alone = isAlone ? offset : undefined;
      if (isAlone) watched.carefulLeft--;
      watched.inHand = isAlone
        ? { deaths: watched.deaths, message: charge(watched, offset, 1) }
        : this.#turnOf(watched);
    }
  }

  /** Notes that the stage begins with a message that was taken alone, now that its mark is stored. */
  begin(message: ReceivedMessage): void {
    if (this.isOn) this.#notes?.begin(message);
  }

  /** Marks a message that has just ended this start, which could say so. */
  blame(message: ReceivedMessage): void {
    const watched = this.#watched.get(keyOf(message));
    if (watched === undefined || !this.isOn || watched.alone !== undefined) return;
    watched.inHand = { deaths: watched.deaths, message: charge(watched, message.offset, 0) };
    this.#notes?.begin(message);
  }

  /** What was in hand is done: no message is in hand alone any more. With `rests` nothing is. */
  done(rests: boolean): void {
    this.#notes?.end();
    for (const watched of this.#watched.values()) {
      if (!watched.isTaken) continue;
      if (watched.alone === watched.suspect?.offset) watched.suspect = undefined;
      watched.alone = undefined;
      watched.inHand = rests ? undefined : this.#turnOf(watched);
    }
  }

  /** The mark of a turn. A suspect that has not come yet stays one, without another death. */
  #turnOf({ deaths, suspect }: Watched): InHand {
    if (suspect === undefined) return { deaths };
    // Without notes whoever reads the mark takes it for a death at this message.
    return {
      deaths,
      message: { offset: suspect.offset, deaths: suspect.deaths - (this.#notes === undefined ? 1 : 0) },
    };
  }

  /** Partitions whose mark is stored as another one than it is. */
  changed(): readonly TopicPartition[] {
    return [...this.#watched.values()]
      .filter(({ inHand, storedInHand }) => !isSame(inHand, storedInHand))
      .map(({ source }) => source);
  }

  /** A position with its notes. */
  noted(position: Position): Position {
    const watched = this.#watched.get(keyOf(position));
    if (watched === undefined) return position;
    const { inHand } = watched;
    const putAside = watched.putAside.filter((offset) => offset >= position.offset);
    return {
      ...position,
      ...(inHand === undefined ? {} : { inHand }),
      ...(putAside.length === 0 ? {} : { putAside }),
    };
  }

  /** Takes note of what has been stored. Where a start got further, the deaths before it were not of what comes next. */
  stored(positions: readonly Position[]): void {
    for (const position of positions) {
      const watched = this.#watched.get(keyOf(position));
      if (watched === undefined) continue;
      watched.storedInHand = position.inHand;
      watched.putAside = position.putAside ?? [];
      if (position.emittedBelow > watched.emittedBelow) watched.deaths = 0;
    }
  }
}

/** @param before deaths that count against a message that was not in hand alone before */
function charge({ suspect }: Watched, offset: number, before: number): NonNullable<InHand['message']> {
  return { offset, deaths: suspect?.offset === offset ? suspect.deaths : before };
}
