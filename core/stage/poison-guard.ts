/**
 * Finds the message that ends a stage, by marks in committed positions. A process that dies cannot report it, so it marks
 * before: while a stage works on a turn, the positions of its partitions are marked (`inHand`). The mark is removed when the
 * stage is idle or ends in order. In a steady stream it costs nothing, since positions are committed anyway.
 *
 * A new owner of a marked partition knows that the previous owner died. It processes messages one by one, and marks each
 * before. If it dies too, the marked message was being processed both times. After `maxDeaths` deaths the next owner
 * writes the message to the dead letters. Only messages that existed at the first death are suspected. A single message is
 * marked only while the stage processes it: not while its results are stored, nor while a call waits for an unavailable
 * service.
 *
 * A mark is stored a little longer than the work takes, and a kill from outside may hit that time. If the bus has work
 * notes, these decide: a death counts only if it hit the work on the marked message itself.
 */
import type { InHand, Position, ReceivedMessage, TopicPartition, WorkNotes } from '../bus/bus.ts';

/** Messages behind a marked position that are processed one by one: about as many as one turn can have had. */
const carefulMessages = 500;
/** Offsets of dead letters that a position remembers; some 1,000 bytes of metadata. */
const maxPutAside = 64;

/** What to do with a message. */
export type Verdict =
  | { readonly kind: 'work'; readonly isAlone: boolean }
  /** It has ended this many starts: it becomes a dead letter now. */
  | { readonly kind: 'condemned'; readonly deaths: number }
  /** It became a dead letter before. */
  | { readonly kind: 'known' };

interface Watched {
  readonly source: TopicPartition;
  /** Starts that ended without getting further. */
  deaths: number;
  /** The message that was processed alone when the previous start ended. */
  suspect: { readonly offset: number; readonly deaths: number } | undefined;
  /** Number of messages still to be processed one by one. */
  carefulLeft: number;
  /** End of the partition when it was assigned: no earlier start has processed later messages. */
  carefulBelow: number;
  /** Messages below were processed by an earlier start; they are suspected only if nothing else explains the deaths. */
  readonly emittedBelow: number;
  putAside: readonly number[];
  /** Something of it was worked on by this start. */
  isTaken: boolean;
  /** The message being processed alone. */
  alone: number | undefined;
  /** The mark to store, and the stored one. */
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

  /** @param maxDeaths deaths on one message after which it becomes a dead letter; 0 switches the guard off */
  constructor(maxDeaths: number, notes?: WorkNotes) {
    this.#maxDeaths = maxDeaths;
    this.#notes = notes;
  }

  get isOn(): boolean {
    return this.#maxDeaths > 0;
  }

  /** Adds a partition. Returns the number of starts that have died while they processed it. */
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

  /** Whether the previous owner died on the message that it had marked. */
  #isDeathAt(source: TopicPartition, offset: number): boolean {
    if (this.#notes === undefined) return true;
    const death = this.#notes.takeDeath(source);
    return death === offset || death === 'unknown';
  }

  /** Notes the ends of newly assigned partitions. */
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

  /** Remembers a dead letter's offset for as long as the message may be read again. */
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

  /** Notes that the stage begins to process a single message, whose mark is stored. */
  begin(message: ReceivedMessage): void {
    if (this.isOn) this.#notes?.begin(message);
  }

  /** Marks a message that has just ended this start by an exception. */
  blame(message: ReceivedMessage): void {
    const watched = this.#watched.get(keyOf(message));
    if (watched === undefined || !this.isOn || watched.alone !== undefined) return;
    watched.inHand = { deaths: watched.deaths, message: charge(watched, message.offset, 0) };
    this.#notes?.begin(message);
  }

  /** The current work is done: no single message is being processed. With `rests` no turn is either. */
  done(rests: boolean): void {
    this.#notes?.end();
    for (const watched of this.#watched.values()) {
      if (!watched.isTaken) continue;
      if (watched.alone === watched.suspect?.offset) watched.suspect = undefined;
      watched.alone = undefined;
      watched.inHand = rests ? undefined : this.#turnOf(watched);
    }
  }

  /** The mark of a turn. A suspect that has not been read yet stays one, without another death. */
  #turnOf({ deaths, suspect }: Watched): InHand {
    if (suspect === undefined) return { deaths };
    // Without work notes, the next owner takes the mark for a death on this message.
    return {
      deaths,
      message: { offset: suspect.offset, deaths: suspect.deaths - (this.#notes === undefined ? 1 : 0) },
    };
  }

  /** Partitions whose stored mark differs from the current one. */
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

  /** Notes stored positions. If a start made progress, earlier deaths do not count for later messages. */
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

/** @param before deaths that count against a message that was not processed alone before */
function charge({ suspect }: Watched, offset: number, before: number): NonNullable<InHand['message']> {
  return { offset, deaths: suspect?.offset === offset ? suspect.deaths : before };
}
