/** Events that wait for others to show what they are: beginnings of messages, and responses before their request. */
import type { Transport } from '../../schemas/generated/event-batch.ts';
import type { Counters } from '../../core/stage/accounting.ts';
import type { ResponseMessage } from '../../protocols/dissection/dissector.ts';
import type { DropReason, EnricherRejectReason } from '../outcomes.ts';
import type { EventRef } from './event-ref.ts';
import { Expiring, ExpiryList, type ExpiryLists } from './expiry-list.ts';

const maxParked = 8;
const parkLimitMs = 10_000;
const earlyLimitMs = 1000;

/** Waiting events of one socket. */
export interface WaitingEvents {
  readonly transport: Transport;
  readonly parkedIngress: ParkedEvent[];
  readonly parkedEgress: ParkedEvent[];
  early: EarlyResponse | undefined;
}

/** An event that may hold the beginning of a message whose rest is still to come. */
export class ParkedEvent extends Expiring {
  readonly list: ParkedEvent[];
  readonly origin: EventRef;
  /** Reason of its drop if no message begins in it. */
  readonly reason: DropReason;

  constructor(list: ParkedEvent[], origin: EventRef, reason: DropReason) {
    super(origin.timeNs + parkLimitMs * 1e6, origin.clock.offset);
    this.list = list;
    this.origin = origin;
    this.reason = reason;
  }
}

/** A response whose request was not seen yet: another thread reads faster than the first returns from writing. */
export class EarlyResponse extends Expiring {
  readonly socket: WaitingEvents;
  readonly message: ResponseMessage<EventRef>;
  /** Bytes of it that were seen. */
  bytes = 0;

  constructor(socket: WaitingEvents, message: ResponseMessage<EventRef>) {
    super(message.origin.timeNs + earlyLimitMs * 1e6, message.origin.clock.offset);
    this.socket = socket;
    this.message = message;
  }
}

/** Keeps waiting events and decides their outcome. */
export class Waiting {
  private readonly expiring: ExpiryLists;
  private readonly counters: Counters<DropReason, EnricherRejectReason>;

  constructor(expiring: ExpiryLists, counters: Counters<DropReason, EnricherRejectReason>) {
    this.expiring = expiring;
    this.counters = counters;
  }

  /**
   * Keeps an event of which nothing came yet; false when too many wait already.
   *
   * @param reason why it is dropped when nothing comes of it
   */
  park(socket: WaitingEvents, origin: EventRef, reason: DropReason): boolean {
    const list = origin.ingress ? socket.parkedIngress : socket.parkedEgress;
    if (list.length >= maxParked || socket.transport === 'udp') return false;
    const parked = new ParkedEvent(list, origin, reason);
    origin.holds++;
    list.push(parked);
    this.expiring.append(parkLimitMs, parked);
    return true;
  }

  /** Ends the wait of the events parked in one direction. */
  releaseAll(list: ParkedEvent[]): void {
    if (list.length === 0) return;
    for (const parked of list.splice(0)) {
      ExpiryList.release(parked);
      this.end(parked.origin, parked.reason);
    }
  }

  /** Keeps a response for the request that is still to come; undefined when it is not kept. */
  holdEarly(socket: WaitingEvents, message: ResponseMessage<EventRef>): EarlyResponse | undefined {
    const { origin } = message;
    if (socket.early !== undefined || origin.counted || socket.transport === 'udp') return undefined;
    socket.early = new EarlyResponse(socket, message);
    origin.holds++;
    this.expiring.append(earlyLimitMs, socket.early);
    return socket.early;
  }

  /** The early response, if it is one to the request that began here; it waits no longer either way. */
  takeEarly(socket: WaitingEvents, request: EventRef): EarlyResponse | undefined {
    const { early } = socket;
    if (early === undefined) return undefined;
    ExpiryList.release(early);
    const { origin } = early.message;
    if (origin.eventId < request.eventId || origin.ingress === request.ingress) {
      this.letGo(early);
      return undefined;
    }
    socket.early = undefined;
    origin.holds--;
    return early;
  }

  /** Ends something that was taken out of its list, of which nothing came. */
  letGo(expiring: Expiring, instead?: 'revoked'): void {
    if (expiring instanceof ParkedEvent) {
      const index = expiring.list.indexOf(expiring);
      if (index >= 0) expiring.list.splice(index, 1);
      this.end(expiring.origin, instead ?? expiring.reason);
    } else if (expiring instanceof EarlyResponse) {
      expiring.socket.early = undefined;
      this.end(expiring.message.origin, instead ?? 'response_without_request');
    }
  }

  /** The socket is closed or evicted. */
  forget(socket: WaitingEvents): void {
    this.releaseAll(socket.parkedIngress);
    this.releaseAll(socket.parkedEgress);
    if (socket.early === undefined) return;
    ExpiryList.release(socket.early);
    this.letGo(socket.early);
  }

  private end(origin: EventRef, reason: DropReason | 'revoked'): void {
    origin.holds--;
    if (origin.counted || origin.holds > 0) return;
    origin.counted = true;
    this.counters.drop(reason);
  }
}
